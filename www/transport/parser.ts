// Socket.IO packets without parsing what is in them: the engine wants a message as the text that came over the wire.

/** The types of Socket.IO's packets, as they stand on the wire. */
const CONNECT = 0;
const EVENT = 2;
const CONNECT_ERROR = 4;

const MESSAGE = '["message",';

/** A message that is sent as it is, not as a JSON string. */
export class WireText {
  constructor(readonly text: string) {}
}

interface Packet {
  type: number;
  nsp: string;
  id?: number;
  data?: unknown;
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
  if (Array.isArray(data) && data[0] === 'message' && data[1] instanceof WireText) return `${MESSAGE}${data[1].text}]`;
  return JSON.stringify(data);
}

type Listener = (packet: Packet) => void;

/** Text to packets. The data of an event `message` stays text; all other data is parsed. */
export class Decoder {
  private listeners: Listener[] = [];

  add(encoded: unknown): void {
    // Binary packets are not part of the protocol; one that comes all the same is let pass.
    const packet = typeof encoded === 'string' ? decode(encoded) : undefined;
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

function decode(encoded: string): Packet | undefined {
  // type, then a namespace if it is not "/", then the number of an acknowledgement, then data
  const head = /^([0-6])(?:(\/[^,]*),)?(\d*)/.exec(encoded);
  if (!head) return undefined;
  const packet: Packet = { type: Number(head[1]), nsp: head[2] ?? '/' };
  if (head[3]) packet.id = Number(head[3]);
  const data = encoded.slice(head[0].length);
  if (packet.type === EVENT && data.startsWith(MESSAGE)) {
    packet.data = ['message', data.slice(MESSAGE.length, -1)];
    return packet;
  }
  if (data === '') return packet;
  try {
    packet.data = JSON.parse(data);
  } catch {
    return undefined;
  }
  const isObject = typeof packet.data === 'object' && packet.data !== null;
  const expectsObject = packet.type === CONNECT || packet.type === CONNECT_ERROR;
  return expectsObject || Array.isArray(packet.data) ? (isObject ? packet : undefined) : undefined;
}
