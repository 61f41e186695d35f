// Socket.IO packets without parsing what is in them: the engine wants a message as the text that came over the wire.

/** The types of Socket.IO's packets, as they stand on the wire. */
export const CONNECT = 0;
export const DISCONNECT = 1;
export const EVENT = 2;
export const CONNECT_ERROR = 4;

const MESSAGE = '["message",';

/** A packet; the data of an event `message` is an array of that name and the text of the message, all other data is parsed. */
export interface Packet {
  type: number;
  nsp: string;
  id?: number;
  data?: unknown;
}

/** The data of a packet that brings a message, given as text. */
export function messageData(text: string): string {
  return `${MESSAGE}${text}]`;
}

/** Reads a packet; undefined if it is none. */
export function decodePacket(encoded: string): Packet | undefined {
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
