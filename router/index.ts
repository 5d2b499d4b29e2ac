export { type InProcessLinks, inProcessLinks } from './link/in-process.js'
export type * from './link/port.js'
export {
  type LinkTls,
  type TcpLinkOptions,
  type TcpListenerOptions,
  tcpLinkDialer,
  tcpLinkListener,
} from './link/tcp.js'
export { clusterKeys, memberSeen, nodeOf, type ServiceEntry, weightsOf } from './members/consul-entries.js'
export { inProcessMembers } from './members/in-process.js'
export type * from './members/port.js'
export { ranges, slotsOf } from './members/slot-ranges.js'
export { parseMembers, staticMembers } from './members/static.js'
export { desiredOwners } from './ring/ring.js'
