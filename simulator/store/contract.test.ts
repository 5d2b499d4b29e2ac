import { messageViewContract, nodeLogContract, slotTableContract } from '@chat4all/storage/contracts'
import { storePorts } from './ports.js'

// The fake cannot lie: without faults, the simulated store keeps the promises of every adapter.

nodeLogContract('simulated', async () => storePorts(1).logs)
slotTableContract('simulated', async () => storePorts(2).slots)
messageViewContract('simulated', async () => storePorts(3).view)
