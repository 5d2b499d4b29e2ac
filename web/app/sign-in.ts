import { Chat4AllError, requestToken } from '@chat4all/sdk'
import { element } from './dom.js'

export interface Account {
  readonly user: string
  readonly clientId: string
  readonly secret: string
}

/** What the link printed by the server at start carries behind `#`: it never leaves the browser. */
export function accountOfLink(hash: string): Partial<Account> {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''))
  const [user, clientId, secret] = [parameters.get('user'), parameters.get('client_id'), parameters.get('secret')]
  return { ...(user !== null && { user }), ...(clientId !== null && { clientId }), ...(secret !== null && { secret }) }
}

/** Gets a token for the user; the client keeps asking here for fresh ones. */
export async function tokenOf(account: Account): Promise<string> {
  const { accessToken } = await requestToken(location.origin, {
    clientId: account.clientId,
    clientSecret: account.secret,
    user: account.user,
  })
  return accessToken
}

/** Shows the form until someone signs in; resolves with the account once the server has accepted it. */
export function signIn(root: HTMLElement, given: Partial<Account>): Promise<Account> {
  return new Promise((resolve) => {
    const user = element('input', { name: 'user', required: true, autocomplete: 'username', value: given.user ?? '' })
    const clientId = element('input', { name: 'client_id', required: true, value: given.clientId ?? 'demo' })
    const secret = element('input', {
      name: 'secret',
      type: 'password',
      required: true,
      autocomplete: 'current-password',
      value: given.secret ?? '',
    })
    const fault = element('p', { class: 'fault', role: 'alert' })
    const submit = async (event: Event) => {
      event.preventDefault()
      const account = { user: user.value.trim(), clientId: clientId.value.trim(), secret: secret.value }
      fault.textContent = ''
      try {
        await tokenOf(account)
        resolve(account)
      } catch (error) {
        fault.textContent = error instanceof Chat4AllError ? error.detail : String(error)
      }
    }
    const form = element(
      'form',
      { class: 'sign-in', submit: (event) => void submit(event) },
      element('h1', {}, 'Chat4All'),
      element('label', {}, 'Your name', user),
      element('label', {}, 'client_id', clientId),
      element('label', {}, 'client_secret (the server prints it when it starts)', secret),
      fault,
      element('button', { type: 'submit' }, 'Sign in'),
    )
    root.replaceChildren(form)
    user.focus()
    if (given.user !== undefined && given.secret !== undefined) form.requestSubmit()
  })
}
