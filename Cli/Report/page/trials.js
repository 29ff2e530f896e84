// The baselines: a given shape, trained in full (grid, Sobol) or in rungs (successive halving) at several peaks.
const trialRungs = () => data.stages.filter((stage) => stage.stageKind === "rung");

const trialRows = () => {
  const all = trialRungs();
  const made = new Map();
  all.forEach((rung, r) => rung.candidates.forEach((c) => {
    const trial = made.get(c.learningRate) ?? { peak: c.learningRate, scores: [] };
    trial.scores[r] = c;
    made.set(c.learningRate, trial);
  }));
  const better = (a, b) => (data.maximize ? b - a : a - b);
  return [...made.values()].sort((a, b) => b.scores.length - a.scores.length || (a.scores.at(-1).score == null) - (b.scores.at(-1).score == null) || better(a.scores.at(-1).score ?? 0, b.scores.at(-1).score ?? 0));
};

const trialScores = () => {
  const all = trialRungs();
  const tones = [soft, warm, accent];
  const tone = (r) => (r === all.length - 1 ? accent : tones[Math.min(r, 1)]);
  const x = all.flatMap((rung) => rung.candidates.map((c) => c.learningRate));
  const y = all.flatMap((rung) => rung.candidates.map((c) => c.score)).filter((v) => v != null);
  const axisY = span(y, metric, { nameGap: 46 });
  return chart("half", {
    tooltip: { ...tooltip, formatter: (p) => `peak ${number(p.value[0])}<br>${p.seriesName}: ${p.data.dead ? "diverged" : number(p.value[1])}` },
    legend: { top: 0, right: 0, itemWidth: 14, itemHeight: 8, textStyle: { color: soft }, show: all.length > 1 },
    grid: { left: 62, right: 20, top: all.length > 1 ? 34 : 18, bottom: 42 },
    xAxis: rates(x, { name: "peak learning rate", axisLabel: { formatter: precise } }), yAxis: axisY,
    series: all.flatMap((rung, r) => [
      {
        name: `${grouped(rung.steps)} steps`, type: "line", data: rung.candidates.filter((c) => c.score != null).map((c) => [c.learningRate, c.score]), lineStyle: { color: tone(r), width: 1.3, opacity: 0.5 }, symbol: "circle",
        symbolSize: (v) => (v[0] === rung.chosen ? 10 : 6), itemStyle: { color: tone(r) }, z: 3 + r,
      },
      { name: "diverged", type: "scatter", data: rung.candidates.filter((c) => c.score == null).map((c) => ({ value: [c.learningRate, axisY.max], dead: true })), ...cross, symbolOffset: [0, 7] },
    ]).filter((series) => series.data.length),
  });
};

const trialLosses = () => {
  const best = trialRungs().at(-1)?.chosen;
  const longest = Math.max(...data.curves.map((c) => c.steps));
  const lines = data.curves.map((c) => {
    const won = c.onPath || (c.rate === best && c.steps === longest);
    const points = c.points.length > 60 ? smooth(c.points, 4) : c.points;
    return {
      name: number(c.rate), type: "line", data: points, showSymbol: false, z: won ? 4 : 2,
      lineStyle: { width: won ? 2 : 1.2, color: c.outcome === "diverged" ? bad : won ? accent : soft, opacity: won ? 1 : 0.6 },
    };
  });
  const y = span(lines.flatMap((l) => l.data.map((p) => p[1])), "training loss", { nameGap: 42 }, 20);
  const ends = lines.filter((l, i) => l.data.length && data.curves[i].steps === longest && data.curves.filter((c) => c.steps === longest).length <= 14).map((l) => ({ x: l.data.at(-1)[0], value: l.data.at(-1)[1], text: l.name, chosen: l.z === 4 }));
  return chart("half", {
    tooltip: { ...tooltip, trigger: "item", formatter: (p) => `peak ${p.seriesName}` },
    grid: { left: 58, right: data.curves.length <= 14 ? 60 : 20, top: 18, bottom: 42 },
    xAxis: axis("step", { type: "value", max: longest }), yAxis: y, series: [...lines, endLabels(ends, y, 220)],
  });
};

const showTrials = () => {
  const all = trialRungs();
  if (!all.length) return;
  const rows = trialRows();
  const most = 40;
  const fate = (trial) => {
    const r = trial.scores.length - 1, last = trial.scores[r];
    if (last.outcome === "diverged") return `diverged${all.length > 1 ? ` in rung ${r}` : ""}`;
    if (r < all.length - 1) return `dropped after rung ${r} (${grouped(all[r].steps)} steps)`;
    return trial.peak === all.at(-1).chosen ? "best: it is the model" : "trained in full, not the best";
  };
  const kind = (trial) => (trial.scores.length === all.length && trial.peak === all.at(-1).chosen ? "chosen" : trial.scores.at(-1).outcome === "diverged" ? "dead" : "");
  section(`The search: ${count(rows.length, "peak")} of one shape`,
    all.length > 1
      ? `Successive halving: each rung trains a whole schedule, shortened to its steps, at every peak that is left; the best go on to the next rung, from the beginning. ${all.map((rung, r) => `Rung ${r}: ${count(rung.candidates.length, "peak")}, ${count(rung.steps, "step")} each`).join(". ")}.`
      : "The same shape is trained from the beginning at every peak; the best is kept. All steps of the others are search.",
    h("div.two", trialScores(), trialLosses()),
    table(["peak", ...all.map((rung, r) => (all.length > 1 ? `rung ${r}: ${grouped(rung.steps)} steps` : metric)), "what became of it"],
      rows.slice(0, most).map((trial) => ({ kind: kind(trial), cells: [number(trial.peak), ...all.map((_, r) => (trial.scores[r] ? (trial.scores[r].score == null ? "diverged" : number(trial.scores[r].score)) : "")), fate(trial)] })), ".last"),
    rows.length > most ? h("p.hint", `The best ${most} of ${rows.length} peaks; result.json has all.`) : null);
};
