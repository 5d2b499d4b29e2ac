import { inProcessLinks } from './in-process.js'
import { linkContract } from './link-contract.js'

linkContract('in process', (edge, node) => {
  const links = inProcessLinks()
  return { dialer: links.dialer(edge), listener: links.listener(node) }
})
