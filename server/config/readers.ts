import { isIP } from 'node:net'
import * as z from 'zod'

/** How texts of the environment and the command line are read, where several settings read the same way. */

export const text = z.string().trim().min(1)

export function whole(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .trim()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
}

export const port = whole(0, 65_535)

export const id = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)

/** `host:port`, an IPv6 host in brackets. */
export const address = z
  .string()
  .trim()
  .regex(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/)
  .refine((given) => {
    const at = Number(given.slice(given.lastIndexOf(':') + 1))
    return at >= 1 && at <= 65_535
  })

export const hosts = z
  .string()
  .transform((given): readonly string[] => given.split(',').map((part) => part.trim()))
  .pipe(z.array(address).refine((all) => new Set(all).size === all.length))

/** Keys of so many bytes each, in base64. */
export function keys(bytes: number): z.ZodType<readonly Uint8Array[], string> {
  return z
    .string()
    .transform((given) => given.split(',').map((part) => part.trim()))
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9+/_-]+={0,2}$/)))
    .transform((given): readonly Uint8Array[] => given.map((part) => Buffer.from(part, 'base64')))
    .refine((all) => all.every((key) => key.length === bytes))
}

const network = z.string().refine((given) => {
  const [, host = '', bits] = /^(.+)\/(\d{1,3})$/.exec(given) ?? []
  const family = isIP(host)
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128)
})
export const networks = z.array(network)

/** Origins of web pages, or `*`. */
export const origins = z
  .string()
  .transform((given): readonly string[] => given.split(',').map((part) => part.trim()))
  .pipe(z.array(z.string().regex(/^(\*|https?:\/\/[A-Za-z0-9.:[\]-]+)$/)))
