// The search of `annealed`: rungs of probes from one checkpoint, each a constant part and a cool-down on a fork.
const rungs = () => data.stages.filter((stage) => stage.stageKind === "rung");
const pathChoice = () => data.stages.findLast((stage) => stage.stageKind === "path");
/** What the rungs chose; a race may have taken another peak later. */
const firstPeak = () => data.stages.find((stage) => stage.stageKind === "path");
/** Where the path decays before the most of its hold, because the training loss was not seen to fall; a later path says so itself. */
const decay = () => data.stages.slice(data.stages.indexOf(pathChoice())).find((stage) => stage.stageKind === "decay");
const race = () => data.stages.findLast((stage) => stage.stageKind === "path" && stage.candidates?.length);
/** Where a race's fork is the model, because training beyond it made the held-out loss worse. */
const shortened = () => data.stages.find((stage) => stage.stageKind === "end");
const probes = () => data.curves.filter((c) => !race() || c.stage < race().stage);
const constants = (rate, stage) => data.curves.filter((c) => !c.coolDown && c.rate === rate && c.stage <= stage).sort((a, b) => a.start - b.start);
const coolDowns = (stage) => data.curves.filter((c) => c.coolDown && c.stage === stage);
const settingOf = (name, otherwise) => data.spec.schedule?.settings?.[name] ?? otherwise;

const purposes = [
  `A coarse look at the whole range: rates a factor of ${settingOf("coarse", 4)} apart, ${(data.spec.parallelTrialCount ?? 1) >= 8 ? "all at once" : "from the top down, until two in a row are worse than the best"}. A best rate at an end of the range moves the end.`,
  "The neighbourhood of the best rate, a factor of 2 apart, with probes long enough to leave the first plateau. Rates that were tried before go on from where their constant part stands.",
  "The best rate and its neighbours once more, long enough to rank them for the whole run. Rates that rung 1 found hopeless are not run again.",
];

/** All arms in one picture: constant parts as bars, cool-downs as forks that leave them. */
const searchMap = () => {
  const curves = probes();
  const arms = [...new Set(curves.map((c) => c.rate))].sort((a, b) => a - b);
  const lane = (rate) => arms.indexOf(rate);
  const first = Math.min(...curves.map((c) => c.start)), last = Math.max(...curves.map((c) => c.start + c.steps));
  const best = new Map(rungs().map((rung) => [rung.stage, rung.chosen]));
  const peak = firstPeak()?.chosen;
  const winner = curves.filter((c) => !c.coolDown && c.onPath).sort((a, b) => a.start - b.start).at(-1);
  const bars = curves.filter((c) => !c.coolDown).map((c) => ({ value: [c.start, lane(c.rate), c.start + c.steps, c.outcome === "diverged" ? 1 : 0, c.onPath ? 1 : 0, c === winner ? 1 : 0] }));
  const skipped = (fork) => rungs().some((rung) => rung.stage === fork.stage + 1 && rung.candidates.some((c) => c.outcome === "skipped" && c.learningRate === fork.rate));
  const forks = curves.filter((c) => c.coolDown && c.outcome !== "cancelled").map((c) => ({
    value: [c.start, lane(c.rate), c.start + c.steps], score: c.outcome === "succeeded" ? c.score : null, best: best.get(c.stage) === c.rate,
    rate: c.rate, stage: c.stage, left: skipped(c),
  }));
  const dead = curves.filter((c) => c.outcome === "diverged").map((c) => ({ value: [c.points.length ? c.points.at(-1)[0] : c.start + c.steps, lane(c.rate) - (c.coolDown ? 0.3 : 0)] }));
  const drop = 0.42;
  const bar = (params, api) => {
    const [x1, y] = api.coord([api.value(0), api.value(1)]), [x2] = api.coord([api.value(2), api.value(1)]);
    const own = { type: "line", shape: { x1: x1 + 1, y1: y, x2: x2 - 1, y2: y }, style: { stroke: api.value(4) ? accent : api.value(3) ? bad : faint, lineWidth: 7, lineCap: "butt" } };
    if (api.value(5) !== 1) return own;
    // Where the bar ends at the edge, before its end: beyond it there is no room.
    const room = params.coordSys.x + params.coordSys.width - x2 > 150;
    const onward = { type: "text", style: { x: room ? x2 + 6 : x2 - 2, y: y - (room ? 4 : 6), text: "▸ goes on as the model", fill: accent, font: `700 12px ${font}`, textAlign: room ? "left" : "right", textVerticalAlign: "bottom" } };
    return { type: "group", children: [own, onward] };
  };
  const fork = (params, api) => {
    const [x1, y1] = api.coord([api.value(0), api.value(1)]), [x2, y2] = api.coord([api.value(2), api.value(1) - drop]);
    const { best: chosen, score, left } = forks[params.dataIndex];
    const children = [{ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: chosen ? accent : soft, lineWidth: 1.5, lineDash: [4, 3] } }];
    if (score != null) {
      children.push({ type: "circle", shape: { cx: x2, cy: y2, r: chosen ? 4.5 : 3.5 }, style: { fill: chosen ? accent : "#fff", stroke: chosen ? accent : soft, lineWidth: 1.5 } });
      children.push({ type: "text", style: { x: x2 + 8, y: y2, text: `{a|${number(score)}}${left ? "{b|  too far behind: not run in the next rung}" : ""}`, rich: { a: {}, b: { fill: soft, fontSize: 11 } }, fill: chosen ? accent : ink, font: `${chosen ? 700 : 400} 12px ${font}`, textVerticalAlign: "middle", stroke: "#fff", lineWidth: 3 } });
    }
    return { type: "group", children };
  };
  const ends = rungs().map((rung, i) => ({ xAxis: rung.start + rung.steps, label: { formatter: `rung ${i}`, color: soft, position: "end", distance: 4 } }));
  const element = chart("", {
    tooltip: { ...tooltip, formatter: (p) => (p.data?.score === undefined ? "" : `rung ${p.data.stage - rungs()[0]?.stage}, learning rate ${number(p.data.rate)}<br>${p.data.score == null ? "diverged" : `${metric} after the cool-down: <b>${number(p.data.score)}</b>`}`) },
    grid: { left: 92, right: 60, top: 26, bottom: 44 },
    xAxis: axis("step", { type: "value", min: first, max: last, splitLine: { show: false } }),
    yAxis: axis("learning rate", { type: "value", min: -0.75, max: arms.length - 0.5, interval: 1, nameGap: 70, axisLabel: { show: false }, splitLine: { show: false }, axisTick: { show: false } }),
    series: [
      { type: "custom", renderItem: bar, data: bars, encode: { x: [0, 2], y: 1 }, silent: true, clip: false, z: 2 },
      { type: "custom", renderItem: fork, data: forks, encode: { x: [0, 2], y: 1 }, clip: false, z: 3 },
      { type: "scatter", data: dead, ...cross, symbolSize: 12, z: 4, label: { show: true, position: "right", color: bad, formatter: "diverged" }, silent: true },
      {
        type: "scatter", silent: true, symbolSize: 0, data: arms.map((rate, y) => ({ value: [first, y], rate })),
        label: { show: true, position: "left", distance: 8, formatter: (p) => `{${p.data.rate === nearest(arms, peak) ? "b" : "a"}|${number(p.data.rate)}}`, rich: { a: { color: ink }, b: { color: accent, fontWeight: 700 } } },
        markLine: { precision: 12, symbol: "none", silent: true, lineStyle: { color: line, type: "solid" }, data: ends },
      },
    ],
  });
  element.style.height = `${Math.max(190, 80 + 40 * arms.length)}px`;
  return element;
};
const nearest = (values, to) => (to == null ? null : values.reduce((a, b) => (Math.abs(Math.log(b / to)) < Math.abs(Math.log(a / to)) ? b : a)));

/** Losses of a rung's arms: solid while the rate is constant, dashed while it cools down. */
const rungLosses = (rung) => {
  const forks = coolDowns(rung.stage).filter((fork) => fork.points.length);
  const lines = forks.flatMap((fork) => {
    const own = constants(fork.rate, rung.stage).filter((part) => part.start < fork.start).flatMap((part) => part.points);
    const chosen = fork.rate === rung.chosen;
    const style = { width: chosen ? 2.2 : 1.4, color: fork.outcome === "succeeded" ? (chosen ? accent : soft) : bad, opacity: chosen ? 1 : 0.75 };
    return [
      { name: number(fork.rate), type: "line", data: own, showSymbol: false, lineStyle: style, z: chosen ? 4 : 3 },
      {
        name: number(fork.rate), type: "line", data: own.slice(-1).concat(fork.points), showSymbol: false, lineStyle: { ...style, type: [4, 3] }, z: chosen ? 4 : 3,
      },
    ];
  });
  const y = span(lines.flatMap((l) => l.data.map((p) => p[1])), "training loss", { nameGap: 42 }, 20);
  const ends = forks.map((fork) => ({ x: fork.points.at(-1)[0], value: fork.points.at(-1)[1], text: number(fork.rate), chosen: fork.rate === rung.chosen }));
  return chart("half", {
    tooltip: { ...tooltip, trigger: "item", formatter: (p) => `learning rate ${p.seriesName}` },
    grid: { left: 58, right: 64, top: 14, bottom: 42 },
    xAxis: axis("step", { type: "value", min: rung.start, max: rung.start + rung.steps }), yAxis: y, series: [...lines, endLabels(ends, y, 222)],
  });
};

/** Scores of a rung over the rate; in the last one the parabola that gives the peak. */
const rungScores = (rung, peak) => {
  const scored = rung.candidates.filter((c) => c.score != null).map((c) => [c.learningRate, c.score]);
  const known = scored.map((p) => p[1]);
  const others = rung.candidates.filter((c) => c.score == null);
  const top = Math.max(...known), low = Math.min(...known);
  const wide = isWide(known, 8);
  const edge = wide ? top * 1.1 : top + 0.04 * (top - low || Math.abs(top));
  const series = [
    { type: "line", data: scored, showSymbol: false, lineStyle: { color: line, width: 1.5 }, silent: true },
    {
      name: "score", type: "scatter", data: scored, symbolSize: (v) => (v[0] === rung.chosen ? 12 : 8), z: 4,
      itemStyle: { color: (p) => (p.value[0] === rung.chosen ? accent : "#fff"), borderColor: accent, borderWidth: 1.5 },
      label: { show: scored.length <= 8, position: "top", formatter: (p) => number(p.value[1]), color: ink, fontSize: 11 },
    },
    { name: "diverged", type: "scatter", data: others.filter((c) => c.outcome === "diverged").map((c) => [c.learningRate, edge]), ...cross, label: { show: true, position: "bottom", formatter: "diverged", color: bad, fontSize: 11 } },
    { name: "not run", type: "scatter", data: others.filter((c) => c.outcome === "skipped").map((c) => [c.learningRate, edge]), symbol: "diamond", symbolSize: 9, itemStyle: { color: "#fff", borderColor: soft, borderWidth: 1.5 }, label: { show: true, position: "bottom", formatter: "not run", color: soft, fontSize: 11 } },
  ];
  const curve = peak == null ? null : parabola(rung);
  if (curve) {
    const cap = capped(rung);
    series.push({ name: "as counted", type: "scatter", data: rung.candidates.filter((c) => Math.abs(Math.abs(Math.log2(c.learningRate / rung.chosen)) - 1) < 1e-6 && (c.score ?? Infinity) > cap).map((c) => [c.learningRate, cap]), symbolSize: 6, itemStyle: { color: "#fff", borderColor: warm, borderWidth: 1.5 }, z: 4, silent: true });
    series.push({ name: "parabola", type: "line", data: curve, showSymbol: false, silent: true, lineStyle: { color: warm, width: 2 }, z: 3 });
  }
  if (peak != null) {
    series.push({ type: "scatter", data: [], markLine: { precision: 12, symbol: "none", silent: true, lineStyle: { color: warm, type: [5, 4], width: 1.5 }, label: { formatter: `peak ${number(peak)}`, color: warm, fontWeight: 700, position: "insideStartTop", rotate: 0, align: "left", offset: [4, 0] }, data: [{ xAxis: peak }] } });
  }
  const y = known.concat(others.length ? [edge] : [], curve ? curve.map((p) => p[1]) : []);
  const x = rung.candidates.map((c) => c.learningRate);
  return chart("half", {
    tooltip: { ...tooltip, formatter: (p) => `learning rate ${number(p.value[0])}<br>${p.seriesName === "score" ? `${metric} ${number(p.value[1])}` : p.seriesName}` },
    grid: { left: 62, right: 20, top: 30, bottom: 42 },
    xAxis: rates(x.concat(peak ?? []), { axisLabel: { formatter: precise } }), yAxis: span(y, metric, { nameGap: 46 }), series,
  });
};

/** No score counts as more than so many times the best one. */
const capped = (rung) => {
  const best = rung.candidates.find((c) => c.learningRate === rung.chosen)?.score;
  return best + (settingOf("cap", 1.07) - 1) * Math.abs(best);
};

/** Through the best score and its neighbours an octave away, each at most `cap` times the best. */
const parabola = (rung) => {
  const at = (rate) => rung.candidates.find((c) => Math.abs(Math.log2(c.learningRate / rate)) < 1e-6);
  const best = at(rung.chosen)?.score, below = at(rung.chosen / 2), above = at(rung.chosen * 2);
  if (best == null || !below || !above) return null;
  const most = capped(rung);
  const [a, c] = [below, above].map((side) => Math.min(side.score ?? Infinity, most));
  const bend = (a - 2 * best + c) / 2, slope = (c - a) / 2;
  if (bend <= 0) return null;
  return Array.from({ length: 41 }, (_, i) => (i - 20) / 20).map((x) => [rung.chosen * 2 ** x, best + slope * x + bend * x * x]);
};

const rungTitle = (rung, index) => {
  const made = rung.candidates.filter((c) => c.outcome !== "skipped");
  const cool = coolDowns(rung.stage)[0]?.steps ?? 0;
  return `Rung ${index}: ${count(made.length, "rate")}, ${count(rung.steps, "step")} each${cool ? ` (${rung.steps - cool} constant, ${cool} cooling down)` : ""}`;
};

const showRungs = () => {
  if (!rungs().length && !data.curves.length) return;
  const path = firstPeak();
  const all = rungs();
  section("The search: which peak?",
    "Every rate starts from the same weights and sees the same batches. A bar is training at a constant rate; it is kept, and the next rung continues it. A dashed line is a cool-down of the rate to 0 on a fork: it shows what the rate would be worth at the end of a run, is scored on held-out data (the number; the best of a rung is blue), and is thrown away.",
    searchMap());
  all.forEach((rung, i) => {
    const last = i === all.length - 1 && path;
    page.append(h("section.rung",
      h("h3", rungTitle(rung, i)), h("p.hint", purposes[i] ?? "", last && parabola(rung) ? ` Orange: the parabola through the best score and its neighbours, each counted as at most ${settingOf("cap", 1.07)} × the best, so that one unstable rate does not bend it; its lowest point is the peak.` : ""),
      h("div.two", rungLosses(rung), rungScores(rung, last ? path.chosen : null)),
      h("p", h("b", last ? `Peak ${number(path.chosen)}. ` : `${number(rung.chosen)} is best. `), rung.reason, h("span.cost", ` Cost: ${price(rung)}.`))));
  });
};

/** Full-length variants that ran beside the path until one was judged the best. */
const showRace = () => {
  const judged = race();
  if (!judged) return;
  const rows = [...judged.candidates].sort((a, b) => (a.score ?? Infinity) - (b.score ?? Infinity)).map((c) => {
    const wins = c.learningRate === judged.chosen;
    return { kind: wins ? "sum" : undefined, cells: [number(c.learningRate), c.score == null ? "diverged" : number(c.score), wins ? (shortened() ? "went on, but got worse: this fork is the model" : "goes on as the model") : "ends; its steps are search"] };
  });
  section("The race: which peak lasts?",
    "Short probes cannot see what many passes over the data do. So the peak of the rungs ran against others; then each was cooled down to 0 on a fork, and scored on the whole validation set. The fork is the model if what goes on ends worse.",
    table(["peak", `${metric}, cooled down`, ""], rows, ".last"), h("p", judged.reason), shortened() ? h("p", shortened().reason) : null);
};
