export * from './auth/port.js'
export * from './requests.js'
