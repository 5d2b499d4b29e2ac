/**
 * The smallest socket.io server that does the benchmark's job: `send` is numbered, acknowledged to its sender and
 * emitted to the room of its conversation. Sequence numbers live in memory; nothing is stored.
 */
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const port = Number(process.argv[2] ?? 0)
const http = createServer()
// WebSocket only, and without compression: the cheapest that socket.io offers.
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
/** Highest seq given, by conversation. */
const heads = new Map()

io.on('connection', (socket) => {
  let room = ''
  socket.on('join', (conversation, acknowledge) => {
    room = conversation
    socket.join(conversation)
    acknowledge(0)
  })
  socket.on('send', (text, acknowledge) => {
    const seq = (heads.get(room) ?? 0) + 1
    heads.set(room, seq)
    acknowledge(seq)
    socket.to(room).emit('deliver', seq, text)
  })
})

http.listen(port, '127.0.0.1', () => console.log(`listening ${http.address().port}`))
