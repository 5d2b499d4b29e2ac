/** The bytes of files in an S3-compatible store. */
export { openS3, type S3Options } from '../objects/s3.js'
