// Drives the unmodified npm package `midjourney` through a list of calls: `node midjourney.cjs CONFIG CALLS`, both JSON.
// Each call is [method, argument...]; "$0.hash" stands for a field of an earlier answer. Answers are lines of JSON.
const { Midjourney } = require("midjourney");

console.log = () => {};  // the package is talkative; answers go to stdout by themselves
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");

const answers = [];
const fill = (value) => {
  if (Array.isArray(value)) return value.map(fill);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v)]));
  const found = typeof value === "string" && value.match(/^\$(\d+)\.([\w.]+)$/);
  return found ? found[2].split(".").reduce((part, name) => part[name], answers[Number(found[1])]) : value;
};

async function main() {
  const client = new Midjourney(JSON.parse(process.argv[2]));
  await client.Connect();
  for (const [method, ...given] of JSON.parse(process.argv[3])) {
    const progress = [];
    const args = fill(given);
    const loading = (uri, text) => progress.push(text);
    if (args[0] && typeof args[0] === "object") args[0].loading = loading;
    if (method === "Imagine") args.push(loading);
    if (method === "remix") { client.config.Remix = args[0]; answers.push(null); say(null); continue; }
    let answer;
    try {
      answer = await client[method](...args);
    } catch (error) {
      answer = { error: String(error.message || error) };
    }
    answers.push(answer);
    say(answer && typeof answer === "object" ? { ...answer, seen: progress } : { value: answer, seen: progress });
  }
  client.Close();
  process.exit(0);
}

main().catch((error) => { say({ fatal: String(error.stack || error) }); process.exit(1); });
