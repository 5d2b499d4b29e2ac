import { fileURLToPath } from 'node:url'
import type { Config } from '../config/settings.js'

/** Where the built web chat lies: in this repository unless CHAT4ALL_WEB_DIR says otherwise. */
export function webFolder({ webDir }: Config): string {
  return webDir ?? fileURLToPath(new URL('../../../web/site', import.meta.url))
}
