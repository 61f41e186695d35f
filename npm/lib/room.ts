// What a server tells that concerns more than the document: who is there, and what others say.

import { COMMIT_INTERVAL } from './pacer.js';
import { Roster, record, text } from './roster.js';
import type { Person } from './roster.js';

/** What the owner of a room gives and is told. */
export interface RoomHost {
  /** How one wants to be seen; `null` leaves it to the server. */
  wanted(): { name: string | null; color: string | null };
  /** Sends a message to the room. */
  tell(data: Readonly<Record<string, unknown>>): void;
  /** Somebody came, left, or changed a name or colour. */
  people(): void;
  /** A message of another kind. */
  message(type: string, data: unknown): void;
}

/** The people and the rules of a pad. */
export class Room {
  /** How long after a commit the next may follow, in milliseconds. */
  commitInterval = COMMIT_INTERVAL;
  /** The id under which the pad can only be read. */
  idForReaders: string | null = null;
  /** Whether the server passes on messages of any kind. */
  relays = false;
  private readonly roster = new Roster();

  constructor(private readonly host: RoomHost) {}

  /** Everybody who is here or has written here, oneself first. */
  people(): Person[] {
    return this.roster.list();
  }

  person(id: string): Person | undefined {
    return this.roster.find(id);
  }

  /** Changes how one is seen. A colour that is none is left out. */
  change(change: { name?: string; color?: string }): void {
    this.roster.change(change);
    const { self } = this.roster;
    if (!self) return;
    this.host.tell({ type: 'USERINFO_UPDATE', userInfo: { userId: self.id, name: self.name, colorId: self.color } });
    this.host.people();
  }

  /** Reads a message of the server's. */
  hear(message: string): void {
    const { type, data } = record(JSON.parse(message));
    if (type === 'CLIENT_VARS') this.join(data);
    else if (type === 'COLLABROOM') this.hearOthers(data);
  }

  private join(data: unknown): void {
    const vars = record(data);
    const { commitInterval } = record(vars.easysync);
    this.relays = typeof vars.easysync === 'object';
    this.commitInterval = typeof commitInterval === 'number' && commitInterval >= 0 ? commitInterval : COMMIT_INTERVAL;
    this.idForReaders = text(vars.readOnlyId);
    this.roster.join(data);
    // Servers before 2.0 do not read the name and colour of a join.
    const missing = this.roster.missing(this.host.wanted());
    if (missing) this.change(missing);
    else this.host.people();
  }

  private hearOthers(data: unknown): void {
    const { type, userInfo } = record(data);
    if (type === 'USER_NEWINFO') this.roster.arrived(userInfo);
    else if (type === 'USER_LEAVE') this.roster.left(userInfo);
    else if (typeof type === 'string') return this.host.message(type, data);
    else return;
    this.host.people();
  }
}
