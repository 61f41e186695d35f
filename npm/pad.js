// How messages and patches of a pad cross the edge: as bytes and numbers in the engine's memory, one call for each message.

/** Bits of what the engine answers, beside those of `receive`. */
const [PATCH, SMALL_PATCH, FAILED, AS_TEXT] = [16, 32, 64, 128];
const NEWS = 15;
const NO_UNIT = 0xffffffff;
/** No code unit takes more bytes. */
const BYTES = 3;

const encoder = new TextEncoder();
const none = new Uint32Array();

/** Whether a pool of a message has these attributes and no others. */
function isPool(apool, pairs) {
  const table = apool?.numToAttrib;
  if (!table || apool.nextNum !== pairs.length) return false;
  let count = 0;
  for (const number in table) {
    const [pair, wanted] = [table[number], pairs[number]];
    if (!wanted || pair?.length !== 2 || pair[0] !== wanted[0] || pair[1] !== wanted[1]) return false;
    count += 1;
  }
  return count === pairs.length;
}

/** The class `Pad`, made of the engine's. */
export function padOf(Engine) {
  return class Pad extends Engine {
    /** Views of the engine's memory, which are of no length when that has grown. */
    input = new Uint8Array();
    told = none;
    /** What the last message brought, as the sum that `receive` gives. */
    news = 0;
    /** Pools that came in objects, by author, each with the number by which the engine knows it. */
    senders = new Map();

    receive(message) {
      return (this.news = this.answer(this.take(message, false)) & NEWS);
    }

    queue(message) {
      return (this.news = this.answer(this.queueInput(this.write(message))) & NEWS);
    }

    receiveAndFlush(message) {
      const answer = this.answer(this.take(message, true));
      this.news = answer & NEWS;
      return this.patch(answer);
    }

    flush() {
      return this.patch(this.answer(this.flushOutput()));
    }

    take(message, flushes) {
      if (typeof message !== 'string') {
        const answer = this.takeObject(message, flushes);
        if (answer !== AS_TEXT) return answer;
        message = JSON.stringify(message);
      }
      return this.receiveInput(this.write(message), flushes);
    }

    /** Most objects are one revision, of which the engine is told member by member. */
    takeObject({ type, data }, flushes) {
      if (type !== 'COLLABROOM' || data?.type !== 'NEW_CHANGES') return AS_TEXT;
      const { newRev, changeset, apool, author, currentTime } = data;
      if (typeof changeset !== 'string' || typeof author !== 'string') return AS_TEXT;
      if (newRev !== (newRev & 0x7fffffff) || !Number.isFinite(currentTime)) return AS_TEXT;
      const sender = this.senderOf(apool, author);
      if (sender < 0 || changeset.length > this.input.length) return AS_TEXT;
      const bytes = this.write(changeset);
      // A lone surrogate would not come through; in JSON it does.
      if (bytes !== changeset.length && !changeset.isWellFormed?.()) return AS_TEXT;
      return this.receiveTold(newRev, bytes, sender, currentTime, flushes);
    }

    senderOf(apool, author) {
      const known = this.senders.get(author);
      if (known) for (const { pairs, number } of known) if (isPool(apool, pairs)) return number;
      if (!apool?.numToAttrib) return -1;
      const number = this.putSender(this.write(`${JSON.stringify(apool)},"author":${JSON.stringify(author)}`));
      if (number >= 0) {
        const pairs = Array.from({ length: apool.nextNum }, (_, index) => [...apool.numToAttrib[index]]);
        if (known) known.push({ pairs, number });
        else this.senders.set(author, [{ pairs, number }]);
      }
      return number;
    }

    /** Writes a message to where the engine reads it; gives back how many bytes it has. */
    write(message) {
      const { read, written } = encoder.encodeInto(message, this.input);
      if (read === message.length) return written;
      return this.writeAnew(message);
    }

    writeAnew(message) {
      const bytes = BYTES * message.length;
      const at = this.inputAt(bytes);
      const input = new Uint8Array(this.memory().buffer, at, Math.max(bytes, this.inputKept));
      if (bytes <= this.inputKept) this.input = input;
      return encoder.encodeInto(message, input).written;
    }

    answer(bits) {
      if (bits & FAILED) throw this.takeError();
      return bits;
    }

    patch(bits) {
      if (bits & SMALL_PATCH) {
        if (this.told.length === 0) this.told = new Uint32Array(this.memory().buffer, this.toldAt(), 3);
        const changes = new Uint32Array(3);
        const unit = this.told[2];
        changes[0] = this.told[0];
        changes[1] = this.told[1];
        changes[2] = unit === NO_UNIT ? 0 : 1;
        return { changes, text: unit === NO_UNIT ? '' : String.fromCharCode(unit), formatted: none };
      }
      return bits & PATCH ? this.takePatch() : undefined;
    }
  };
}
