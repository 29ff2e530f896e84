// The search of `autolrs` and `autolrs-reference`: stage after stage, candidates from one checkpoint, forecasts, a choice.
const stageChoices = () => data.stages.filter((stage) => stage.stageKind === "stage");

/** Every rate that was tried, where it was tried, and the schedule that came of it. */
const stageMap = () => {
  const of = (chosen, diverged) => data.tries.filter((t) => t[2] === chosen && t[3] === diverged).map((t) => [t[0], t[1]]);
  const tried = data.tries.map((t) => t[1]).concat(data.schedule.flatMap((run) => [run[2], run[3]]).filter((v) => v > 0));
  return chart("low", {
    tooltip: { ...tooltip, formatter: (p) => (p.seriesName === "schedule" ? "" : `step ${p.value[0]}<br>learning rate ${number(p.value[1])}<br>${p.seriesName}`) },
    legend: { top: 0, right: 0, itemWidth: 14, itemHeight: 8, textStyle: { color: soft } },
    grid: { left: 74, right: 24, top: 30, bottom: 44 },
    xAxis: axis("step", { type: "value", min: 0, max: total, splitLine: { show: false } }), yAxis: rates(tried, { nameGap: 54, axisLabel: { formatter: precise } }),
    series: [
      { name: "schedule", type: "line", data: scheduleLine(Math.max(Math.min(...tried) / 1.4, Math.max(...tried) * leastShown)), showSymbol: false, lineStyle: { color: accent, width: 2 }, itemStyle: { color: accent } },
      { name: "tried", type: "scatter", data: of(0, 0), symbolSize: 6, itemStyle: { color: "#fff", borderColor: soft, borderWidth: 1.3 } },
      { name: "chosen", type: "scatter", data: of(1, 0), symbolSize: 8, itemStyle: { color: accent }, z: 4 },
      { name: "diverged", type: "scatter", data: data.tries.filter((t) => t[3] === 1).map((t) => [t[0], t[1]]), ...cross, symbolSize: 8 },
    ],
  });
};

/** Training loss of the path, and of the probes that fan out from it. */
const probeLosses = () => {
  const lines = data.curves.filter((c) => c.points.length > 1).map((c) => ({
    type: "line", data: c.points, showSymbol: false, silent: true, z: c.onPath ? 3 : 4,
    lineStyle: { width: 1.1, color: c.outcome === "diverged" ? bad : c.onPath ? accent : soft, opacity: c.onPath ? 1 : 0.55 },
  }));
  const values = data.path.map((p) => p[1]).concat(data.curves.filter((c) => c.outcome !== "diverged").flatMap((c) => c.points.map((p) => p[1])));
  const y = span(values, "training loss", { nameGap: 52 });
  return chart("low", {
    grid: { left: 74, right: 24, top: 12, bottom: 44 },
    xAxis: axis("step", { type: "value", min: 0, max: total, splitLine: { show: false } }), yAxis: y,
    series: [
      { type: "line", data: smooth(data.path, Math.max(2, Math.round(data.path.length / 200))), showSymbol: false, silent: true, lineStyle: { width: 1.8, color: accent, opacity: 0.55 }, z: 2 },
      ...lines,
    ],
  });
};

const raceText = (stage) => {
  const [first, ...later] = stage.rounds;
  if (!first) return "";
  const start = stage.rounds.length === 1 || later.every((round) => round.count >= first.count);
  if (start && stage.rounds.length > 1) return `${count(stage.candidates.length, "rate")}, ${count(stage.rounds.at(-1).steps, "step")} each`;
  return [`${count(first.count, "rate")}, ${count(first.steps, "step")} each`, ...later.map((round) => `best ${round.count} go on to ${round.steps}`)].join("; ");
};

const stageCandidates = (stage) => {
  // A stage that is trained again was probed once: its forecasts stand with the first choice.
  const first = stageChoices().find((other) => other.stage === stage.stage && other.candidates.some((c) => c.forecast)) ?? stage;
  const candidates = stage.candidates.some((c) => c.forecast) ? stage.candidates : first.candidates;
  const known = candidates.filter((c) => c.forecast);
  const gone = candidates.filter((c) => c.outcome === "diverged");
  if (!known.length || Math.max(...candidates.map((c) => c.learningRate)) < 1e-8) return null;
  const most = Math.max(...candidates.map((c) => c.probeSteps));
  const chosen = (c) => c.learningRate === stage.chosen;
  const means = known.map((c) => c.forecast.mean).concat(stage.realised ?? []);
  const own = known.filter((c) => c.probeSteps === most || chosen(c));
  const log = isWide(means, 12);
  // An interval far wider than what is to be seen would flatten it: the axis is that of the means, with air.
  const low = Math.min(...means), high = Math.max(...means), air = 0.35 * (high - low || Math.abs(high) || 1);
  const bounds = own.flatMap((c) => [c.forecast.mean - Z80 * c.forecast.sd, c.forecast.mean + Z80 * c.forecast.sd]).filter((v) => !log || v > 0);
  const clip = (v, end) => (log ? (end < 0 ? Math.max(v, low / 2.5) : Math.min(v, high * 2.5)) : (end < 0 ? Math.max(v, low - 2 * air) : Math.min(v, high + 2 * air)));
  const min = Math.min(log ? low / 1.5 : low, clip(Math.min(...bounds, low), -1)), max = Math.max(high, clip(Math.max(...bounds, high), 1));
  const y = span([min, max], "", { axisLabel: { fontSize: 11 } }, 12);
  const [floor, ceiling] = [y.min, y.max];
  const whisker = (params, api) => {
    const [x, y1] = api.coord([api.value(0), Math.max(floor, api.value(1))]), [, y2] = api.coord([api.value(0), Math.min(ceiling, api.value(2))]);
    return { type: "line", shape: { x1: x, y1, x2: x, y2 }, style: { stroke: api.value(3) ? accent : soft, lineWidth: api.value(3) ? 2 : 1, opacity: api.value(4) ? 1 : 0.4 } };
  };
  return chart("small", {
    tooltip: { ...tooltip, formatter: (p) => `learning rate ${number(p.value[0])}<br>${p.seriesName === "diverged" ? "diverged" : `forecast ${number(p.value[1])} ± ${short(p.data.of?.forecast?.sd)} after ${count(p.data.of?.probeSteps ?? 0, "step")}`}` },
    grid: { left: 52, right: 12, top: 12, bottom: 38 },
    xAxis: rates(candidates.map((c) => c.learningRate), { nameGap: 22, axisLabel: { fontSize: 11 } }), yAxis: y,
    series: [
      { type: "custom", renderItem: whisker, silent: true, clip: true, encode: { x: 0, y: [1, 2] }, data: known.map((c) => [c.learningRate, c.forecast.mean - Z80 * c.forecast.sd, c.forecast.mean + Z80 * c.forecast.sd, chosen(c) ? 1 : 0, c.probeSteps === most ? 1 : 0]) },
      {
        name: "forecast", type: "scatter", z: 4,
        data: known.map((c) => ({
          value: [c.learningRate, c.forecast.mean], of: c, symbolSize: chosen(c) ? 11 : c.probeSteps === most ? 8 : 6,
          itemStyle: { color: chosen(c) ? accent : "#fff", borderColor: chosen(c) || c.probeSteps === most ? accent : soft, borderWidth: 1.5 },
        })),
        markLine: stage.realised == null ? undefined : { precision: 12, symbol: "none", silent: true, lineStyle: { color: good, type: [5, 4], width: 1.5 }, label: { show: false }, data: [{ yAxis: stage.realised }] },
      },
      { name: "diverged", type: "scatter", data: gone.map((c) => ({ value: [c.learningRate, ceiling], of: c })), ...cross, symbolOffset: [0, 6] },
    ],
  });
};

const stageCard = (stage) => h("div.card",
  h("h3", `Stage ${stage.stage}`, h("span.soft", ` steps ${grouped(stage.start)}–${grouped(stage.start + stage.steps)}`), stage.isAgain && h("span.badge", "trained again")),
  h("p.hint", raceText(stage) || `as tried before: ${count(stage.candidates.length, "rate")}`),
  stageCandidates(stage),
  h("p.choice", h("b", `${number(stage.chosen)}`), stage.forecast && ` · forecast ${number(stage.forecast.mean)} ± ${short(stage.forecast.sd)}`, stage.realised != null && h("span.good", ` · became ${number(stage.realised)}`)),
  h("p", stage.reason),
  stage.search > 0 && h("p.cost", `Cost: ${price(stage)}${stage.becameTraining ? `, ${grouped(stage.becameTraining)} of it kept as training` : ""}.${stage.gain == null ? "" : ` Expected to save ${percent(stage.gain)} of the loss.`}`));

/** Stages that were trained without being searched. */
const plainStages = (stages) => [
  h("h3", "Stages without probes"),
  table(["stage", "steps", "rate", "became", "why"], stages.map((stage) => ({
    cells: [stage.stage, `${grouped(stage.start)}–${grouped(stage.start + stage.steps)}`, number(stage.chosen), number(stage.realised), h("span", stage.isAgain && h("span.badge", "trained again"), stage.reason)],
  })), ".last"),
];

const showStages = () => {
  const stages = stageChoices();
  if (!data.tries.length) return;
  section("The search, stage by stage",
    "At each stage candidate rates are tried from one checkpoint, on the same batches; the one with the best forecast trains the rest of the stage. Circles: rates that were tried there.",
    stageMap(), data.path.length ? [h("p.hint", "Training loss: blue the path, grey the probes that were not taken."), probeLosses()] : null);
  if (!stages.length) return;
  const probed = stages.filter((stage) => stage.candidates.length), plain = stages.filter((stage) => !stage.candidates.length);
  const all = data.stageCount - data.stages.filter((stage) => stage.stageKind !== "stage").length, shown = new Set(stages.map((stage) => stage.stage)).size;
  section("What each stage saw",
    `Forecast of the loss at the end of the stage for every candidate, with its 80 % interval. Filled: chosen. Small and grey: left the race early. Red cross: diverged. Green line: what the chosen rate became.${shown < all ? ` ${shown} of ${all} stages are shown: the first, the last, those trained again, and those furthest from their forecast; result.json has all.` : ""}`,
    h("div.cards", probed.map(stageCard)), plain.length ? plainStages(plain) : null);
};

const showForecasts = () => {
  if (!data.forecasted) return;
  const pairs = data.forecasts;
  const values = pairs.flatMap((p) => [p[1], p[3]]);
  const log = isWide(values, 8);
  const ends = log ? [Math.min(...values) / 1.3, Math.max(...values) * 1.3] : [Math.min(...values) - 0.08 * (Math.max(...values) - Math.min(...values)), Math.max(...values) + 0.08 * (Math.max(...values) - Math.min(...values))];
  const both = (name, gap) => axis(name, { type: log ? "log" : "value", min: ends[0], max: ends[1], nameGap: gap, axisLabel: { showMinLabel: false, showMaxLabel: false } });
  const interval = (params, api) => {
    const inside = (v) => Math.min(Math.max(v, ends[0]), ends[1]);
    const [x1, y1] = api.coord([inside(api.value(0)), api.value(2)]), [x2] = api.coord([inside(api.value(1)), api.value(2)]);
    return { type: "line", shape: { x1, y1, x2, y2: y1 }, style: { stroke: api.value(3) ? accent : bad, lineWidth: 1.2, opacity: 0.7 } };
  };
  const hit = (p) => Math.abs(p[3] - p[1]) <= Z80 * p[2];
  const covered = data.covered / data.forecasted;
  const fair = Math.sqrt(0.16 / data.forecasted);
  const verdict = Math.abs(covered - 0.8) <= Math.max(2 * fair, 0.05) ? "as it should be, within what so few stages can say" : covered < 0.8 ? "the forecasts are too sure of themselves" : "the forecasts are too cautious";
  const way = Math.abs(data.bias ?? 0) < 0.01 ? "no bias to speak of" : data.bias > 0 ? "forecasts were too high: training went better than they said" : "forecasts were too low: too optimistic";
  section("Forecast against realised", "One point a stage, with the 80 % interval of its forecast. On the dashed line the forecast was right; red: outside the interval.",
    h("div.two",
      chart("", {
        tooltip: { ...tooltip, formatter: (p) => (p.data.stage == null ? "" : `stage ${p.data.stage}<br>forecast ${number(p.value[0])}<br>became ${number(p.value[1])}`) },
        grid: { left: 64, right: 20, top: 16, bottom: 46 }, xAxis: both("forecast", 28), yAxis: both("realised", 46),
        series: [
          { type: "line", data: [[ends[0], ends[0]], [ends[1], ends[1]]], showSymbol: false, silent: true, lineStyle: { color: soft, type: [5, 4], width: 1 } },
          { type: "custom", silent: true, clip: true, data: pairs.map((p) => [p[1] - Z80 * p[2], p[1] + Z80 * p[2], p[3], hit(p) ? 1 : 0]), encode: { x: [0, 1], y: 2 }, renderItem: interval },
          { type: "scatter", data: pairs.map((p) => ({ value: [p[1], p[3]], stage: p[0], itemStyle: { color: hit(p) ? accent : bad } })), symbolSize: 8, label: { show: pairs.length <= 24, position: "top", color: soft, fontSize: 11, formatter: (p) => p.data.stage } },
        ],
      }),
      h("div.facts",
        h("p.figure", h("b", `${data.covered} of ${data.forecasted}`), h("span", `realised losses lay in the 80 % interval (${percent(covered, 0)}): ${verdict}`)),
        data.bias == null ? null : h("p.figure", h("b", `${data.bias > 0 ? "+" : "−"}${percent(Math.abs(data.bias))}`), h("span", `median of forecast ÷ realised − 1: ${way}`)),
        data.algorithm === "autolrs" ? h("p.hint", "Later stages widen their intervals by what became of earlier ones.") : null)));
};
