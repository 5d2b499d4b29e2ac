export * from './link/port.js'
export * from './members/port.js'
