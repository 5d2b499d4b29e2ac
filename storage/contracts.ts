/**
 * The door for tests: what every adapter of a port promises, and a disk that fails as told. Each contract registers
 * tests of node:test; call it at the top of a test file. `checkPlace` and its like are what adapters of records refuse: a
 * stand-in that takes more hides faults.
 */
export { directoryContract } from './directory/contract.js'
export { eventStreamContract, type OpenEventStream } from './event-stream/contract.js'
export { type FileCall, failure, SimulatedFileSystem } from './file-system/simulated.js'
export { messageViewContract } from './message-view/contract.js'
export { nodeLogContract } from './node-log/contract.js'
export { type OpenObjectStore, objectStoreContract } from './objects/contract.js'
export { presenceContract } from './presence/contract.js'
export { type RecordsContractOptions, recordsContract } from './records/contract.js'
export { checkList, checkPlace, checkPut } from './records/place.js'
export { slotTableContract } from './slot-table/contract.js'
