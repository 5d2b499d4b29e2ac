export * from './layers.js'
export * from './repository.js'
export { RULES } from './rules/index.js'
