import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'

/** Where browsers that tests can drive usually are. */
const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/**
 * Finds a Chromium for the tests of the web client: CHROMIUM_PATH, else an installed one. In CI, as root on Debian,
 * it installs the package `chromium`. Nowhere else does a test change the machine it runs on.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ path: string } | { missing: string }}
 */
export function findChromium(env = process.env) {
  if (env.CHROMIUM_PATH) {
    if (isExecutable(env.CHROMIUM_PATH)) return { path: env.CHROMIUM_PATH }
    return { missing: `CHROMIUM_PATH names ${env.CHROMIUM_PATH}, which is no program` }
  }
  const path = USUAL_PLACES.find(isExecutable)
  if (path !== undefined) return { path }
  if (!mayInstall(env)) return { missing: 'no Chromium here: install one, or say with CHROMIUM_PATH where it is' }
  return installWithApt()
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @param {NodeJS.ProcessEnv} env */
function mayInstall(env) {
  return Boolean(env.CI) && process.getuid?.() === 0 && existsSync('/etc/debian_version')
}

/** @returns {{ path: string } | { missing: string }} */
function installWithApt() {
  console.log('Installing the package chromium for the tests of the web client …')
  const options = {
    stdio: /** @type {const} */ (['ignore', 'ignore', 'inherit']),
    timeout: 300_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  try {
    execFileSync('apt-get', ['-q', 'update'], options)
    execFileSync('apt-get', ['-q', 'install', '-y', '--no-install-recommends', 'chromium'], options)
  } catch (error) {
    return { missing: `apt-get could not install chromium: ${/** @type {Error} */ (error).message}` }
  }
  const path = USUAL_PLACES.find(isExecutable)
  return path === undefined ? { missing: 'the package chromium holds no program that we know' } : { path }
}
