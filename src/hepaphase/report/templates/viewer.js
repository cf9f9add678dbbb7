"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  byId("outlines").addEventListener("change", (event) => {
    document.body.classList.toggle("no-outlines", !event.target.checked);
  });

  const data = JSON.parse(byId("viewer-data").textContent);
  const stage = byId("viewer-stage");
  const canvas = byId("viewer-canvas");
  const state = { nv: null, images: {}, labels: null, phase: data.reference, view: "all" };
  window.hepaphaseViewer = state;

  function radios(host, entries, chosen, choose) {
    const buttons = entries.map((entry) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "radio");
      button.textContent = entry.text;
      if (entry.kind) button.classList.add(entry.kind);
      button.addEventListener("click", () => pick(entry.key));
      host.append(button);
      return button;
    });
    function pick(key) {
      entries.forEach((entry, i) => {
        buttons[i].setAttribute("aria-checked", String(entry.key === key));
        buttons[i].tabIndex = entry.key === key ? 0 : -1;
      });
      choose(key);
    }
    host.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const at = (buttons.indexOf(document.activeElement) + step + entries.length) % entries.length;
      buttons[at].focus();
      pick(entries[at].key);
    });
    pick(chosen);
  }

  function showPhase(name) {
    state.phase = name;
    const phase = data.phases.find((p) => p.name === name);
    const made = phase.provenance === "synthetic";
    stage.classList.toggle("synthetic", made);
    byId("viewer-burn").hidden = !made;
    byId("viewer-burn").textContent = `${name} GENERATED`;
    if (!state.nv || !state.images[name]) return;
    const nv = state.nv;
    const where = [...nv.scene.crosshairPos];
    if (nv.volumes[0] !== state.images[name]) {
      nv.setVolume(nv.volumes[0], -1); // -1 takes it out
      nv.addVolume(state.images[name]);
      nv.setVolume(state.images[name], 0);
    }
    nv.scene.crosshairPos = where;
    nv.drawScene();
    nv.createOnLocationChange();
  }

  function showView(key) {
    state.view = key;
    stage.classList.toggle("single", key !== "all");
    if (state.nv) state.nv.setSliceType({ axial: 0, coronal: 1, sagittal: 2, all: 3 }[key]);
    syncSlice();
  }

  const axis = () => ({ axial: 2, coronal: 1, sagittal: 0, all: 2 })[state.view];

  function syncSlice() {
    if (!state.nv) return;
    byId("viewer-slice").value = String(Math.round(100 * state.nv.scene.crosshairPos[axis()]));
  }

  function moveTo(lps) {
    const nv = state.nv;
    if (!nv) return;
    nv.scene.crosshairPos = nv.mm2frac([-lps[0], -lps[1], lps[2]]);
    nv.drawScene();
    nv.createOnLocationChange();
    syncSlice();
  }

  function readout(location) {
    const [x, y, z] = location.mm;
    const hu = location.values[0] ? location.values[0].value : NaN;
    const label = location.values[1] ? Math.round(location.values[1].value) : 0;
    const part = label > 1 ? `lesion ${data.lesions[label - 2].id}` : label === 1 ? "liver" : "";
    const side = (v, plus, minus) => `${v >= 0 ? plus : minus} ${Math.abs(v).toFixed(0)}`;
    const phase = data.phases.find((p) => p.name === state.phase);
    const [low, high] = data.window;
    const value = hu <= low ? `≤ ${low}` : hu >= high ? `≥ ${high}` : hu.toFixed(0);
    byId("viewer-readout").textContent =
      `${phase.name} (${phase.label}, ${phase.word}) · ${side(-x, "L", "R")} ${side(-y, "P", "A")} ${side(z, "S", "I")} mm · ${value} HU${part ? " · " + part : ""}`;
    syncSlice();
  }

  function labelColors() {
    const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    const colors = [[0, 0, 0], [255, 255, 255], ...data.lesions.map((lesion) => rgb(lesion.color))];
    return {
      R: colors.map((c) => c[0]), G: colors.map((c) => c[1]), B: colors.map((c) => c[2]),
      A: colors.map((_, i) => (i < 2 ? 0 : 255)),
      I: colors.map((_, i) => i),
      labels: ["", "liver", ...data.lesions.map((lesion) => `lesion ${lesion.id}`)],
    };
  }

  async function start() {
    const nv = new niivue.Niivue({
      isResizeCanvas: true, dragAndDropEnabled: false, isRadiologicalConvention: true, sagittalNoseLeft: true,
      backColor: [0, 0, 0, 1], crosshairColor: [1, 0.85, 0.2, 0.8], crosshairWidth: 0.6, crosshairWidthUnit: "mm", crosshairGap: 6, multiplanarShowRender: 0,
      multiplanarLayout: 3, tileMargin: 4, loadingText: "", logLevel: "error", isOrientationTextVisible: true,
      isSliceMM: true, scrollRequiresFocus: true, dragMode: 0,
    });
    await nv.attachToCanvas(canvas);
    nv.onLocationChange = readout;
    const load = (name, extra) => niivue.NVImage.loadFromBase64({ base64: data.volumes[name], name: `${name}.nii.gz`, ...extra });
    for (const phase of data.phases) {
      state.images[phase.name] = await load(phase.name, { colormap: "gray", cal_min: data.window[0], cal_max: data.window[1] });
    }
    state.labels = await load("labels", { opacity: Number(byId("viewer-opacity").value) / 100 });
    state.labels.setColormapLabel(labelColors());
    state.nv = nv;
    nv.addVolume(state.images[data.reference]);
    nv.addVolume(state.labels);
    showView(state.view);
    showPhase(state.phase);
    moveTo(data.lesions.length ? data.lesions[0].lps_mm : data.start_lps_mm);
    stage.dataset.ready = "true";
  }

  radios(byId("viewer-phases"), data.phases.map((p) => ({
    key: p.name, text: p.provenance === "synthetic" ? `${p.name} generated` : p.name, kind: p.provenance,
  })), data.reference, showPhase);
  radios(byId("viewer-views"), [
    { key: "all", text: "Three planes" }, { key: "axial", text: "Axial" }, { key: "coronal", text: "Coronal" }, { key: "sagittal", text: "Sagittal" },
  ], stage.clientWidth < 700 ? "axial" : "all", showView);
  byId("viewer-slice").addEventListener("input", (event) => {
    if (!state.nv) return;
    state.nv.scene.crosshairPos[axis()] = Number(event.target.value) / 100;
    state.nv.drawScene();
    state.nv.createOnLocationChange();
  });
  // Keys of the library reach functions that make no sense here; the slice is all that moves.
  for (const type of ["keydown", "keyup"]) {
    stage.addEventListener(type, (event) => {
      if (event.key === "Tab") return;
      event.stopPropagation();
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!step || !state.nv) return;
      event.preventDefault();
      if (type === "keydown") state.nv.moveCrosshairInVox(...[0, 1, 2].map((i) => (i === axis() ? step : 0)));
    }, true);
  }
  byId("viewer-opacity").addEventListener("input", (event) => {
    if (state.nv) state.nv.setOpacity(1, Number(event.target.value) / 100);
  });
  document.querySelectorAll(".goto").forEach((button) => {
    button.addEventListener("click", () => {
      byId("viewer").scrollIntoView();
      canvas.focus({ preventScroll: true });
      moveTo(data.lesions[Number(button.dataset.lesion)].lps_mm);
    });
  });

  function failed() {
    canvas.hidden = true;
    byId("viewer-failed").hidden = false;
  }
  if (!document.createElement("canvas").getContext("webgl2")) failed();
  else start().catch((error) => { console.error(error); failed(); });
})();
