import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

/** Connections to stores are used again: parts follow each other, and a handshake for each would cost more than it. */
const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }

/** `http.request`, by the protocol of the address. */
export function requestOf(url: string, options: RequestOptions, answered: (response: IncomingMessage) => void) {
  return url.startsWith('https:')
    ? httpsRequest(url, { ...options, agent: agents.https }, answered)
    : httpRequest(url, { ...options, agent: agents.http }, answered)
}
