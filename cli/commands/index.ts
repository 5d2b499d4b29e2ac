import type { DefineCommand } from './command.js'

/** A command as the help of the program lists it, and how the file that does it is loaded. */
export interface ListedCommand {
  /** Its name, and what it takes behind it. */
  readonly usage: string
  readonly about: string
  /** Called only when the command is asked for: a client that starts the whole server first makes its user wait. */
  readonly load: () => Promise<DefineCommand>
}

/** Every command, in the order of `--help`: the server's roles first, then what an operator does, then what a user does. One file each. */
export const commands: readonly ListedCommand[] = [
  {
    usage: 'all',
    about: 'Run the whole server in one process',
    load: async () => (await import('./all.js')).defineAll,
  },
  {
    usage: 'edge',
    about: 'Run one edge of a cluster: sessions and REST',
    load: async () => (await import('./edge.js')).defineEdge,
  },
  {
    usage: 'shard-node',
    about: 'Run one shard-node of a cluster: conversations and their log',
    load: async () => (await import('./shard-node.js')).defineShardNode,
  },
  {
    usage: 'webhook',
    about: 'Run one process of a cluster that delivers webhooks',
    load: async () => (await import('./webhook.js')).defineWebhook,
  },
  {
    usage: 'cluster',
    about: 'See how a cluster is, drain a shard-node, rebalance',
    load: async () => (await import('./cluster.js')).defineCluster,
  },
  {
    usage: 'admin',
    about: 'Set up apps, over the admin API of a server',
    load: async () => (await import('./admin.js')).defineAdmin,
  },
  {
    usage: 'login',
    about: 'Keep an address, credentials and a user under the name of a profile',
    load: async () => (await import('./login.js')).defineLogin,
  },
  {
    usage: 'whoami',
    about: 'Show whom the profile acts for, as the server says',
    load: async () => (await import('./whoami.js')).defineWhoami,
  },
  {
    usage: 'conversations',
    about: 'List the conversations, that with the newest message first',
    load: async () => (await import('./conversations.js')).defineConversations,
  },
  {
    usage: 'send <conversation|@user> [text]',
    about: 'Send a text, or a file; succeeds when it is stored for good',
    load: async () => (await import('./send.js')).defineSend,
  },
  {
    usage: 'upload <path>',
    about: 'Upload a file of up to 2 GiB; the same command again goes on after a break',
    load: async () => (await import('./upload.js')).defineUpload,
  },
  {
    usage: 'download <file-id> [path]',
    about: 'Download a file; the same command again goes on after a break',
    load: async () => (await import('./download.js')).defineDownload,
  },
  {
    usage: 'tail [conversation|@user]',
    about: 'Follow messages as they come; on a terminal, also write them',
    load: async () => (await import('./tail.js')).defineTail,
  },
  {
    usage: 'history <conversation|@user>',
    about: 'Print stored messages, oldest first; the newest unless asked',
    load: async () => (await import('./history.js')).defineHistory,
  },
  {
    usage: 'create-group <users...>',
    about: 'Create a group of these users and yourself',
    load: async () => (await import('./create-group.js')).defineCreateGroup,
  },
  {
    usage: 'members',
    about: 'Show and change who is in a group',
    load: async () => (await import('./members.js')).defineMembers,
  },
  {
    usage: 'erase',
    about: 'Erase data for good, in the name of the app (docs/deleting-data.md)',
    load: async () => (await import('./erase.js')).defineErase,
  },
]
