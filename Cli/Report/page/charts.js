// What all parts of the page need: the data, numbers and words, elements, charts.
const data = JSON.parse(document.getElementById("data").textContent);
const job = data.job;
const page = document.getElementById("page");
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const ink = css("--ink"), soft = css("--soft"), line = css("--line"), accent = css("--accent"), bad = css("--bad"), good = css("--good");
const warm = css("--warm"), faint = css("--faint"), faintest = css("--faintest");
const font = getComputedStyle(document.body).fontFamily;
const Z80 = 1.2816; // 80 % of a normal distribution lies within so many standard deviations

const number = (v, digits = 4) => {
  if (v == null || !Number.isFinite(v)) return "–";
  if (v === 0) return "0";
  const size = Math.abs(v);
  if (size >= 1e5 || size < 1e-4) return v.toExponential(Math.max(0, digits - 2)).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(v.toPrecision(digits)));
};
const short = (v) => number(v, 3);
const precise = (v) => number(v);
const count = (n, one, many = `${one}s`) => `${grouped(n)} ${n === 1 ? one : many}`;
const grouped = (n) => (Math.abs(n) < 10000 ? String(Math.round(n)) : Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f"));
const percent = (v, digits = 1) => `${(100 * v).toFixed(digits).replace(/\.0+$/, "")} %`;
const words = (name) => name.replaceAll("_", " ");
const metric = words(data.metric);

/** An element: h("p.hint", "text", child, …). */
const h = (what, ...children) => {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
};
const section = (title, hint, ...children) => {
  const made = h("section", h("h2", title), hint && h("p.hint", hint), ...children);
  page.append(made);
  return made;
};
const table = (names, rows, kind = "") => h(`table${kind}`,
  h("thead", h("tr", names.map((name) => h("th", name)))),
  h("tbody", rows.map((row) => h(row.kind ? `tr.${row.kind}` : "tr", row.cells.map((cell) => h("td", cell ?? ""))))));

const axis = (name, more) => ({
  name, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: soft, fontSize: 12 },
  axisLabel: { color: soft, hideOverlap: true, formatter: short, ...more?.axisLabel }, axisLine: { show: true, onZero: false, lineStyle: { color: line } },
  axisTick: { lineStyle: { color: line } }, splitLine: { lineStyle: { color: line, opacity: 0.7 } }, minorSplitLine: { show: false },
  ...Object.fromEntries(Object.entries(more ?? {}).filter(([key]) => key !== "axisLabel")),
});
const positive = (values) => values.length > 0 && values.every((v) => v > 0);
const isWide = (values, ratio) => positive(values) && Math.max(...values) > ratio * Math.min(...values);
/** A value axis that is logarithmic where the values span much; its ends are those of the values, with some air. */
const span = (values, name, more, ratio = 8) => {
  const finite = values.filter(Number.isFinite);
  if (!finite.length) return axis(name, { type: "value", ...more });
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (isWide(finite, ratio)) return axis(name, { type: "log", min: low / 1.15, max: high * 1.15, ...more, axisLabel: { showMinLabel: false, showMaxLabel: false, ...more?.axisLabel } });
  const air = 0.06 * (high - low || Math.abs(high) || 1);
  return axis(name, { type: "value", min: low - air, max: high + air, ...more, axisLabel: { showMinLabel: false, showMaxLabel: false, ...more?.axisLabel } });
};
const leastShown = 1e-9; // of the largest rate: below, logarithmic axes are not drawn well
/** Rates stand an octave or a decade apart: their axis is logarithmic, and named at the rates themselves where they are few. */
const rates = (values, more) => axis("learning rate", { type: "log", logBase: Math.max(...values) > 100 * Math.min(...values) ? 10 : 2, min: Math.max(Math.min(...values) / 1.5, Math.max(...values) * leastShown), max: Math.max(...values) * 1.5, ...more, axisLabel: { showMinLabel: false, showMaxLabel: false, ...more?.axisLabel } });

const plot = (element, option) => {
  const chart = echarts.init(element, null, { renderer: "svg" });
  // On paper the picture is scaled, not laid out anew.
  chart.on("finished", () => {
    const svg = element.querySelector("svg");
    svg?.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  });
  chart.setOption({ animation: false, textStyle: { color: ink, fontFamily: font }, ...option });
  new ResizeObserver(() => { if (!matchMedia("print").matches && element.clientWidth) chart.resize(); }).observe(element);
};
/** A chart's place; it is drawn once the place is in the page. */
const chart = (kind, option) => {
  const element = h(`div.plot${kind ? `.${kind}` : ""}`);
  requestAnimationFrame(() => plot(element, option));
  return element;
};
const smooth = (points, width) => points.map((point, i) => {
  const near = points.slice(Math.max(0, i - width), i + width + 1);
  return [point[0], near.reduce((sum, p) => sum + p[1], 0) / near.length];
});
/** Names at the ends of lines, moved apart where they would lie on one another. */
const endLabels = (ends, y, height) => {
  const log = y.type === "log";
  const to = (v) => (log ? Math.log(v / y.min) / Math.log(y.max / y.min) : (v - y.min) / (y.max - y.min));
  const from = (f) => (log ? y.min * (y.max / y.min) ** f : y.min + f * (y.max - y.min));
  const gap = 13 / height;
  const placed = [...new Set(ends.map((end) => end.x))].flatMap((x) => {
    const own = ends.filter((end) => end.x === x && Number.isFinite(to(end.value))).sort((a, b) => a.value - b.value).map((end) => ({ ...end, f: to(end.value) }));
    for (let i = 1; i < own.length; i++) own[i].f = Math.max(own[i].f, own[i - 1].f + gap);
    for (let i = own.length - 1; i >= 0; i--) own[i].f = Math.min(own[i].f, i === own.length - 1 ? 1 : own[i + 1].f - gap);
    return own;
  });
  return {
    type: "scatter", symbolSize: 0, silent: true, clip: false, z: 6,
    data: placed.map((end) => ({ value: [end.x, from(end.f)], label: { show: true, position: "right", distance: 6, fontSize: 11, formatter: end.text, color: end.chosen ? accent : soft, fontWeight: end.chosen ? 700 : 400 } })),
  };
};
const cross = { symbol: "path://M1,0 L5,4 L9,0 L10,1 L6,5 L10,9 L9,10 L5,6 L1,10 L0,9 L4,5 L0,1 Z", symbolSize: 9, itemStyle: { color: bad } };
const tooltip = { backgroundColor: "#fff", borderColor: line, textStyle: { color: ink, fontSize: 12 }, confine: true };

/** What probes cost, in words. */
const price = (decision) => {
  const parts = [];
  if (decision.search > 0) parts.push(`${count(decision.search, "step")} of search`);
  if (decision.evaluation > 0) parts.push(`up to ${number(decision.evaluation, 2)} of evaluation`);
  return parts.join(" + ");
};
