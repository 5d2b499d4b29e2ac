import { rateLimitsContract } from './contract.js'
import { inProcessRateLimits } from './in-process.js'

rateLimitsContract('in process', () => {
  const limits = inProcessRateLimits()
  return [limits, limits]
})
