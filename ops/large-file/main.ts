import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { S3_CREDENTIALS } from '../engines/s3.js'
import { CommandLine, partsThere, startServer } from './programs.js'
import { ResidentMemory } from './resident-memory.js'
import { S3Alone } from './s3-alone.js'

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1800000000' },
    s3: { type: 'string', default: 'http://127.0.0.1:17070' },
    rounds: { type: 'string', default: '2' },
    folder: { type: 'string', default: tmpdir() },
  },
})
const size = Number(values.size)
const PART_BYTES = 8 * 1024 * 1024
const target = { endpoint: values.s3, ...S3_CREDENTIALS }
const bucket = `large-file-${randomBytes(4).toString('hex')}`
const folder = await mkdtemp(join(values.folder, 'chat4all-large-file-'))
const alone = new S3Alone(target)
const say = (text: string) => console.error(text)

async function randomFile(path: string): Promise<string> {
  const file = await open(path, 'w')
  const hash = createHash('sha256')
  for (let left = size; left > 0; ) {
    const chunk = randomBytes(Math.min(left, PART_BYTES))
    hash.update(chunk)
    await file.appendFile(chunk)
    left -= chunk.length
  }
  await file.sync()
  await file.close()
  return hash.digest('hex')
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length
const round = (value: number) => Math.round(value * 100) / 100
const rate = (seconds: readonly number[]) => round(size / 1e6 / mean(seconds))

const port = 20_000 + Math.floor(Math.random() * 20_000)
const server = await startServer(folder, port, bucket, target)
try {
  const chat4all = new CommandLine(folder)
  await chat4all.login(server.url, 'ann')
  const memory = new ResidentMemory(server.process.pid!)
  const path = join(folder, 'big.bin')
  say(`a file of ${size} bytes …`)
  const sha256 = await randomFile(path)

  say('uploading, killed twice …')
  const killedAtParts: number[] = []
  let there = new Map<number, number>()
  const parts = Math.ceil(size / PART_BYTES)
  for (const share of [0.3, 0.65]) {
    const killWhen = async () => {
      const fileId = chat4all.unfinished()
      if (fileId === undefined) return false
      there = await partsThere(server.url, fileId)
      return there.size >= share * parts
    }
    await chat4all.run(['upload', path, '--json'], {}, killWhen)
    killedAtParts.push(there.size)
  }
  const rest = await chat4all.run(['upload', path, '--json'])
  const thereBytes = [...there.values()].reduce((sum, bytes) => sum + bytes, 0)
  const sentAgain = rest.output.sent_bytes - (size - thereBytes)
  const resumed = { fileId: rest.output.file_id as string, checksumIsRight: rest.output.checksum === sha256 }

  say('downloading …')
  const copy = join(folder, 'copy.bin')
  const download = await chat4all.run(['download', resumed.fileId, copy, '--json'])
  const downloadIsEqual = (await sha256Of(copy)) === sha256
  await rm(copy)
  const again = await chat4all.run(['upload', path, '--json'])

  const rounds = {
    upload: [] as number[],
    verified: [] as number[],
    uploadAlone: [] as number[],
    download: [] as number[],
    downloadAlone: [] as number[],
  }
  let uploadPeakMib = 0
  for (let i = 0; i < Number(values.rounds); i++) {
    say(`round ${i + 1}: the S3 client alone, and chat4all …`)
    const fresh = join(folder, 'fresh.bin')
    await randomFile(fresh)
    const user = `user-${i}`
    await chat4all.login(server.url, user)
    // Whoever goes first has the colder or the warmer disk: each does once.
    const turns = [
      async () => {
        rounds.uploadAlone.push(await alone.upload(fresh))
        rounds.downloadAlone.push(await alone.download(join(folder, 'alone.bin')))
        await alone.remove()
      },
      async () => {
        const run = await chat4all.run(['upload', fresh, '--json'])
        rounds.upload.push(run.output.transfer_seconds)
        rounds.verified.push(run.output.seconds)
        uploadPeakMib = Math.max(uploadPeakMib, run.peakMib)
        const down = await chat4all.run(['download', run.output.file_id, copy, '--json'])
        rounds.download.push(down.output.seconds)
        await rm(copy)
      },
    ]
    for (const turn of i % 2 === 0 ? turns : turns.toReversed()) await turn()
  }
  memory.stop()
  const result = {
    size,
    node: process.version,
    cpus: cpus().length,
    killed_at_parts: killedAtParts,
    parts,
    bytes_sent_again_after_second_kill: sentAgain,
    checksum_is_right: resumed.checksumIsRight,
    download_is_equal: downloadIsEqual,
    second_upload: { sent_bytes: again.output.sent_bytes, reused: again.output.reused, seconds: round(again.seconds) },
    upload_mb_per_second: { chat4all: rate(rounds.upload), s3_client_alone: rate(rounds.uploadAlone) },
    seconds_until_verified: round(mean(rounds.verified)),
    upload_ratio: round(mean(rounds.uploadAlone) / mean(rounds.upload)),
    download_mb_per_second: { chat4all: rate(rounds.download), s3_client_alone: rate(rounds.downloadAlone) },
    download_ratio: round(mean(rounds.downloadAlone) / mean(rounds.download)),
    server_resident_mib: { before: round(memory.atStart), peak: round(memory.peak), after: round(memory.now()) },
    cli_resident_mib_peak: { upload: round(uploadPeakMib), download: round(download.peakMib) },
  }
  console.log(JSON.stringify(result, undefined, 2))
} finally {
  await server.stop()
  await alone.removeBucket(bucket).catch((error: Error) => say(`the bucket ${bucket} stays: ${error.message}`))
  await rm(folder, { recursive: true, force: true })
}
