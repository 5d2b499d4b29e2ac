import { connect } from 'node:net'

/** Whether something accepts connections there. */
export function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    socket.setTimeout(1000, () => end(false))
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
    function end(answer: boolean) {
      socket.destroy()
      resolve(answer)
    }
  })
}

/** Whether an HTTP GET is answered with a status below 500 … or the one given. */
export async function answers(url: string, status?: number): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
  return status === undefined ? response.status < 500 : response.status === status
}
