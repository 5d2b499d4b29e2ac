import { S3_CREDENTIALS } from '../engines/s3.js'
import { S3Alone } from './s3-alone.js'

// The S3 client alone, as a program: `s3-alone-main.js ENDPOINT upload|download|remove PATH`. Prints the seconds it took.

const [endpoint, act, path] = process.argv.slice(2)
const alone = new S3Alone({ endpoint: endpoint!, ...S3_CREDENTIALS })
const acts: Record<string, () => Promise<number>> = {
  upload: () => alone.upload(path!),
  download: () => alone.download(path!),
  remove: () => alone.remove(),
}
const chosen = acts[act ?? '']
if (chosen === undefined) throw new Error(`${act} is none of ${Object.keys(acts)}`)
console.log(JSON.stringify({ seconds: await chosen() }))
