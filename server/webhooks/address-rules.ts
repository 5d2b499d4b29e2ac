import { type AddressGuard, createAddressGuard } from '@chat4all/connectors/address-guard'
import type { Config } from '../config/settings.js'

/** Where webhooks may lead, as the settings say. */
export function webhookGuard({ webhookHttp, webhookPorts, webhookNetworks = [] }: Config): AddressGuard {
  return createAddressGuard({ allowHttp: webhookHttp, ports: webhookPorts, allowedNetworks: webhookNetworks })
}
