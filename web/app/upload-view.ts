import { blobSource, type Files, type UploadedFile } from '@chat4all/sdk'
import { element } from './dom.js'
import { bytesText } from './file-views.js'

const PHASES = { hashing: 'Reading', sending: 'Sending', verifying: 'Checking', done: 'Sent', paused: 'Paused' }

/** One upload under way: its bar, and buttons to pause, go on, and give up. `onDone` gets the file. */
export function uploadView(files: Files, file: File, onDone: (uploaded: UploadedFile) => void): HTMLElement {
  const words = element('span', { class: 'words' }, file.name)
  const bar = element('progress', {
    max: String(Math.max(1, file.size)),
    value: '0',
    'aria-label': `Sending ${file.name}`,
  })
  const upload = files.uploadFile(blobSource(file), {
    onProgress({ phase, storedBytes, totalBytes }) {
      bar.value = storedBytes
      words.textContent = `${PHASES[phase]} ${file.name} · ${bytesText(storedBytes)} of ${bytesText(totalBytes)}`
      view.dataset.phase = phase
    },
  })
  const pause = element('button', { type: 'button', class: 'pause', click: () => toggle() }, 'Pause')
  const toggle = () => {
    if (upload.isPaused) upload.resume()
    else upload.pause()
    pause.textContent = upload.isPaused ? 'Go on' : 'Pause'
  }
  let isGivenUp = false
  const giveUp = element(
    'button',
    {
      type: 'button',
      class: 'give-up',
      'aria-label': `Give up ${file.name}`,
      click: () => {
        isGivenUp = true
        view.remove()
        // What is there goes away by itself, should this fail.
        upload.abort({ discard: true }).catch(() => {})
      },
    },
    '✕',
  )
  const view = element('div', { class: 'upload', 'data-phase': 'sending' }, words, bar, pause, giveUp)
  upload.result.then(
    (uploaded) => {
      view.remove()
      onDone(uploaded)
    },
    (error) => {
      if (isGivenUp) return
      view.dataset.phase = 'failed'
      words.textContent = `${file.name}: ${(error as { detail?: string }).detail ?? String(error)}`
      pause.remove()
    },
  )
  return view
}
