import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { S3_CREDENTIALS } from '../engines/s3.js'
import { CommandLine, partsThere, runS3Alone, startServer } from './programs.js'
import { ResidentMemory } from './resident-memory.js'
import { removeBucket } from './s3-alone.js'
import { median, round, Turns } from './turns.js'

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

const verifiedSeconds: number[] = []
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
    there = await partsThere(server.url, chat4all.unfinished()!)
    killedAtParts.push(there.size)
  }
  const rest = await chat4all.run(['upload', path, '--json'])
  const thereBytes = [...there.values()].reduce((sum, bytes) => sum + bytes, 0)
  const sentAgain = rest.output.sent_bytes - (size - thereBytes)
  const resumed = { fileId: rest.output.file_id as string, checksumIsRight: rest.output.checksum === sha256 }

  say('downloading, killed once …')
  const copy = join(folder, 'copy.bin')
  const downloading = ['download', resumed.fileId, copy, '--json']
  await chat4all.run(
    downloading,
    {},
    async () => existsSync(`${copy}.part`) && statSync(`${copy}.part`).size > size / 2,
  )
  const download = await chat4all.run(downloading)
  const downloadIsEqual = (await sha256Of(copy)) === sha256
  await rm(copy)
  const again = await chat4all.run(['upload', path, '--json'])

  const ours = new Turns(size)
  const alone = new Turns(size)
  let uploadPeakMib = 0
  for (let i = 0; i < Number(values.rounds); i++) {
    say(`round ${i + 1}: the S3 client alone, and chat4all …`)
    const fresh = join(folder, 'fresh.bin')
    await randomFile(fresh)
    await chat4all.login(server.url, `user-${i}`)
    // Whoever goes first has the colder or the warmer disk: each does once.
    const turns = [
      async () => {
        const up = await runS3Alone(target, 'upload', fresh)
        alone.uploads.push({ seconds: up.output.seconds, cpuSeconds: up.cpuSeconds })
        const down = await runS3Alone(target, 'download', copy)
        alone.downloads.push({ seconds: down.output.seconds, cpuSeconds: down.cpuSeconds })
        await rm(copy)
        await runS3Alone(target, 'remove', '')
      },
      async () => {
        const up = await chat4all.run(['upload', fresh, '--json'])
        ours.uploads.push({ seconds: up.output.transfer_seconds, cpuSeconds: up.cpuSeconds })
        verifiedSeconds.push(up.output.seconds)
        uploadPeakMib = Math.max(uploadPeakMib, up.peakMib)
        const down = await chat4all.run(['download', up.output.file_id, copy, '--json'])
        ours.downloads.push({ seconds: down.output.seconds, cpuSeconds: down.cpuSeconds })
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
    download_received_bytes_after_its_kill: download.output.received_bytes,
    second_upload: { sent_bytes: again.output.sent_bytes, reused: again.output.reused, seconds: round(again.seconds) },
    chat4all: ours.summary(),
    s3_client_alone: alone.summary(),
    seconds_until_verified: verifiedSeconds.map(round),
    upload_ratio: round(median(alone.uploads) / median(ours.uploads)),
    download_ratio: round(median(alone.downloads) / median(ours.downloads)),
    server_resident_mib: { before: round(memory.atStart), peak: round(memory.peak), after: round(memory.now()) },
    cli_resident_mib_peak: { upload: round(uploadPeakMib), download: round(download.peakMib) },
  }
  console.log(JSON.stringify(result, undefined, 2))
} finally {
  await server.stop()
  await removeBucket(target, bucket).catch((error: Error) => say(`the bucket ${bucket} stays: ${error.message}`))
  await rm(folder, { recursive: true, force: true })
}
