/**
 * The floor: a bare relay on uWebSockets.js. A message is numbered, acknowledged to its sender and passed on to the
 * other sockets of its conversation. Nothing is stored, checked, or known of users.
 *
 * Frames are binary: a type byte, then
 *   join   1 | u32 conversation          (client)
 *   send   2 | u32 number | text         (client; goes to the conversation joined)
 *   sent   3 | u32 number | u32 seq      (server, to the sender)
 *   deliver 4 | u32 seq | text           (server, to the others)
 */
import { App, us_socket_local_port } from 'uWebSockets.js'

const JOIN = 1
const SEND = 2
const SENT = 3
const DELIVER = 4

const port = Number(process.argv[2] ?? 0)
/** Highest seq given, by conversation. */
const heads = new Map()

const app = App().ws('/relay', {
  maxPayloadLength: 64 * 1024,
  idleTimeout: 0,
  open(socket) {
    socket.getUserData().topic = ''
  },
  message(socket, bytes) {
    const incoming = Buffer.from(bytes)
    const type = incoming[0]
    if (type === JOIN) {
      const conversation = String(incoming.readUInt32LE(1))
      socket.getUserData().topic = conversation
      socket.subscribe(conversation)
      const answer = Buffer.alloc(9)
      answer[0] = SENT
      socket.send(answer, true)
    } else if (type === SEND) {
      const { topic } = socket.getUserData()
      const seq = (heads.get(topic) ?? 0) + 1
      heads.set(topic, seq)
      const answer = Buffer.allocUnsafe(9)
      answer[0] = SENT
      answer.writeUInt32LE(incoming.readUInt32LE(1), 1)
      answer.writeUInt32LE(seq, 5)
      socket.send(answer, true)
      const delivery = Buffer.from(incoming)
      delivery[0] = DELIVER
      delivery.writeUInt32LE(seq, 1)
      socket.publish(topic, delivery, true)
    }
  },
})

app.listen('127.0.0.1', port, (listening) => {
  if (!listening) {
    console.error(`cannot listen on port ${port}`)
    process.exit(1)
  }
  console.log(`listening ${us_socket_local_port(listening)}`)
})
