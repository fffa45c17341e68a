// The user API over HTTP, exactly as any program acting as a member speaks it.

const EPOCH = 1420070400000n;
let counter = 0n;

export function nonce() {
  counter = (counter + 1n) & 0x3fffffn;
  return String(((BigInt(Date.now()) - EPOCH) << 22n) | counter);
}

export class Refused extends Error {
  constructor(status, body) {
    super(sentence(body) || `The server answered ${status}.`);
    this.status = status;
    this.code = body?.code;
  }
}

// Discord nests the real reason of a bad form; the first one is what a person wants to read.
function sentence(body) {
  const find = (node) => {
    if (node === null || typeof node !== "object") return null;
    if (Array.isArray(node._errors)) return node._errors[0].message;
    return Object.values(node).map(find).find(Boolean) ?? null;
  };
  return find(body?.errors) || body?.message;
}

export class Api {
  constructor(token) {
    this.token = token;
  }

  async call(method, path, body) {
    const response = await fetch(`/api/v9${path}`, {
      method,
      headers: { Authorization: this.token, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const parsed = text ? JSON.parse(text) : null;
    if (!response.ok) throw new Refused(response.status, parsed);
    return parsed;
  }

  history(channelId, before) {
    const tail = before ? `&before=${before}` : "";
    return this.call("GET", `/channels/${channelId}/messages?limit=50${tail}`);
  }

  async upload(channelId, files) {
    const asked = files.map((file, index) => ({ id: String(index), filename: file.name, file_size: file.size }));
    const { attachments } = await this.call("POST", `/channels/${channelId}/attachments`, { files: asked });
    await Promise.all(attachments.map(async (slot, index) => {
      const put = await fetch(slot.upload_url, { method: "PUT", body: files[index] });
      if (!put.ok) throw new Refused(put.status, null);
    }));
    return attachments.map((slot, index) => ({
      id: String(index), filename: files[index].name, uploaded_filename: slot.upload_filename,
    }));
  }

  async send(channelId, content, files) {
    const attachments = files.length ? await this.upload(channelId, files) : [];
    return this.call("POST", `/channels/${channelId}/messages`, { content, attachments, nonce: nonce() });
  }

  react(message, emoji, isAdded) {
    const path = `/channels/${message.channel_id}/messages/${message.id}/reactions/${encodeURIComponent(emoji)}/@me`;
    return this.call(isAdded ? "PUT" : "DELETE", path);
  }

  commands(channelId) {
    return this.call("GET", `/channels/${channelId}/application-command-index`);
  }
}
