// Sign-ins that are not sent yet, kept on this device until they are: one a person, the last wish counts.

export class Queue {
  constructor(key, storage) {
    this.key = key;
    this.storage = storage;
    try {
      this.waiting = new Map(JSON.parse(storage.getItem(key) ?? "[]"));
    } catch {
      this.waiting = new Map(); // what is stored cannot be read, or may not be: begin anew
    }
  }

  get size() {
    return this.waiting.size;
  }

  has(id) {
    return this.waiting.has(String(id));
  }

  present(id) {
    return this.waiting.get(String(id))?.present ?? false;
  }

  put(id, name, present) {
    this.waiting.set(String(id), { id: String(id), name, present });
    this.store();
  }

  first(count) {
    return [...this.waiting.values()].slice(0, count);
  }

  // Forget what was sent, unless somebody wished otherwise meanwhile.
  drop(sent) {
    for (const one of sent) {
      if (this.waiting.get(one.id) === one) this.waiting.delete(one.id);
    }
    this.store();
  }

  store() {
    try {
      if (this.size === 0) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify([...this.waiting]));
    } catch {
      // No storage here (private window): the queue lives as long as the page.
    }
  }
}
