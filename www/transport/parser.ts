// Socket.IO's parser as its clients want it, over packets whose messages stay text.

import { decodePacket, messageData } from '../../npm/lib/packet';
import type { Packet } from '../../npm/lib/packet';

/** A message that is sent as it is, not as a JSON string. */
export class WireText {
  constructor(readonly text: string) {}
}

type Encoded = (packets: string[]) => void;

/**
 * Packets to text. Version 4 of the client takes the list that is given back, version 2 wants it by a callback; both have no
 * binary packets to send.
 */
export class Encoder {
  encode(packet: Packet, done?: Encoded): string[] {
    const packets = [String(packet.type) + (packet.id ?? '') + encodeData(packet.data)];
    done?.(packets);
    return packets;
  }
}

function encodeData(data: unknown): string {
  if (data === undefined || data === null) return '';
  if (Array.isArray(data) && data[0] === 'message' && data[1] instanceof WireText) return messageData(data[1].text);
  return JSON.stringify(data);
}

type Listener = (packet: Packet) => void;

/** Text to packets. */
export class Decoder {
  private listeners: Listener[] = [];

  add(encoded: unknown): void {
    // Binary packets are not part of the protocol; one that comes all the same is let pass.
    const packet = typeof encoded === 'string' ? decodePacket(encoded) : undefined;
    if (packet) for (const listener of [...this.listeners]) listener(packet);
  }

  on(event: string, listener: Listener): this {
    if (event === 'decoded') this.listeners.push(listener);
    return this;
  }

  off(_event: string, listener: Listener): this {
    this.listeners = this.listeners.filter((other) => other !== listener);
    return this;
  }

  removeListener(event: string, listener: Listener): this {
    return this.off(event, listener);
  }

  destroy(): void {}
}
