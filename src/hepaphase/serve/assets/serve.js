"use strict";
// Asks for the part of the page that changes, sends uploads, and does what buttons say.
const OWN = {"X-Hepaphase": "1"};
const say = (text) => { document.getElementById("upload-state").textContent = text; };

async function ask(method, path, body) {
  const answer = await fetch(path, {method, headers: OWN, body});
  const text = await answer.text();
  if (!answer.ok) throw new Error(text || `refused (${answer.status})`);
  return text;
}

async function refresh() {
  const live = document.getElementById("live");
  if (document.hidden || (live.contains(document.activeElement) && document.activeElement.matches("input"))) return;
  try {
    const text = await ask("GET", "/live");
    if (text !== refresh.shown) { live.innerHTML = text; refresh.shown = text; }
  } catch { /* the server is being stopped or started; the next time will tell */ }
}

async function upload(files) {
  const most = Number(document.getElementById("upload").dataset.most);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (!files.length) return say("There is no file in it.");
  if (total > most) return say(`That is ${(total / 2 ** 30).toFixed(1)} GiB; ${(most / 2 ** 30).toFixed(1)} are the most.`);
  let key = "";
  try {
    key = await ask("POST", "/uploads");
    let sent = 0;
    for (const [number, file] of files.entries()) {
      say(`Sending, ${Math.floor(100 * sent / Math.max(total, 1))} %`);
      await ask("PUT", `/uploads/${key}/${number}`, file);
      sent += file.size;
    }
    say(`${await ask("POST", `/uploads/${key}`)} is in the queue.`);
  } catch (error) {
    say(`Not sent: ${error.message}`);
    if (key) ask("DELETE", `/uploads/${key}`).catch(() => {});
  }
  refresh();
}

for (const id of ["zip", "folder"]) {
  document.getElementById(id).addEventListener("change", async (event) => {
    const files = [...event.target.files];
    event.target.disabled = true;
    await upload(files);
    event.target.value = "";
    event.target.disabled = false;
  });
}

document.getElementById("live").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const card = button.closest("[data-job]");
  const phases = card.querySelector("input[name=phases]");
  button.disabled = true;
  try {
    await ask("POST", `/jobs/${encodeURIComponent(card.dataset.job)}/${button.dataset.do}`, phases ? phases.value : "");
  } catch (error) { say(error.message); }
  if (document.activeElement) document.activeElement.blur();
  refresh.shown = "";
  refresh();
});

setInterval(refresh, 1500);
