// The page: what came out, the schedule and its loss, the search, the costs, the decisions, how to get the same again.
const total = data.spec.steps;
const charged = job.steps.training + job.steps.search + job.steps.evaluation;
const ratio = charged / Math.max(1, job.steps.training);
const settings = data.spec.trainer?.settings ?? {};

/** The schedule as a line; where it falls to 0 on a logarithmic axis, to the floor. */
const scheduleLine = (floor = 0) => {
  const points = [];
  for (const [start, steps, from, to] of data.schedule) {
    const parts = from === to ? 1 : 24;
    for (let i = 0; i <= parts; i++) points.push([start + (steps * i) / parts, Math.max(from + ((to - from) * i) / parts, floor)]);
  }
  return points;
};

const headline = () => {
  const from = data.spec.trainer ?? {};
  const what = [
    data.algorithm, `${grouped(total)} steps`, from.workload ?? from.name ?? "own trainer", settings.dataset, settings.model, settings.optimizer,
    (data.spec.parallelTrialCount ?? 1) > 1 && `${data.spec.parallelTrialCount} trials at once`, `seed ${job.seed}`,
  ].filter(Boolean);
  document.querySelector("header").append(h("p.soft", what.join(" · ")));
};

const story = () => {
  if (job.error) return h("p.error", h("b", `${job.error.code}: `), job.error.message);
  const took = `${number(job.objective.value)} ${metric}`;
  const searched = `${count(job.steps.search, "step")} of search`;
  const path = pathChoice();
  if (data.form === "rungs" && path) {
    const tried = new Set(probes().map((c) => c.rate)).size;
    return h("p", `The search tried ${count(tried, "learning rate")} in ${count(rungs().length, "rung")} of short probes, all from the same start, and chose `, h("b", `a peak of ${number(firstPeak().chosen)}`), race() ? (path.chosen === firstPeak().chosen ? ", which stayed ahead in a race against others" : `; in a race against it a peak of ${number(path.chosen)} came out ahead`) : "",
      `. It took ${searched} (${percent(job.steps.search / Math.max(1, job.steps.training), 0)} of the training). The model went on from that rate's own probe: ${holding(path)}${shortened() ? `. After the race it got worse, so the model is the one that was cooled down at step ${grouped(shortened().start + shortened().steps)}` : ""}. It reached ${took}.`);
  }
  if (data.form === "trials" && path) {
    return h("p", `${count(trialRows().length, "peak")} of one schedule shape ${trialRows().length === 1 ? "was" : "were"} tried by ${data.algorithm}; `, h("b", `the best is ${number(path.chosen)}`), `, with ${took}. The others took ${searched}.`);
  }
  if (data.form === "stages") {
    const [low, high] = [Math.min(...data.schedule.map((r) => r[2])), Math.max(...data.schedule.map((r) => r[2]))];
    const looked = new Set(data.tries.map((t) => t[0])).size;
    return h("p", `Training went through ${count(data.stageCount, "stage")}. ${looked === data.stageCount ? "At each" : `At ${grouped(looked)} of them`} the search tried candidate rates from one checkpoint, forecast where each would end, and went on with the best: `, h("b", `between ${number(low)} and ${number(high)}`), `. That took ${searched} (${percent(job.steps.search / Math.max(1, job.steps.training), 0)} of the training). The model reached ${took}.`);
  }
  return h("p", `One training run of ${grouped(job.steps.training)} steps under the schedule that was given, without a search. It reached ${took}.`);
};

const purses = [
  ["training", accent, "on the path of the final model"],
  ["search", warm, "probes and trials that were not taken"],
  ["evaluation", good, "validations that decisions asked for, in steps of equal work"],
  ["final", "#94a3b8", "the one full validation and test at the end; enters no ratio"],
  ["lost", bad, "repeated after a crash"],
  ["speculative", "#8b5cf6", "run in case they were wanted"],
  ["reused", "#0891b2", "answered from the cache"],
];

const figures = () => {
  const shown = Object.entries(job.metrics).sort(([a], [b]) => (b === data.metric) - (a === data.metric));
  const cells = shown.map(([name, value]) => [number(value), words(name)]);
  if (job.status === "succeeded") cells.push([`${ratio.toFixed(2)} ×`, "compute, over the model's training"]);
  cells.push([`${job.seconds.wall.toFixed(1)} s`, `wall time (${job.seconds.trainer.toFixed(1)} trainer-seconds)`]);
  return h("div.figures", cells.map(([value, name]) => h("div", h("b", value), h("span", name))));
};

const bar = () => {
  const sum = purses.reduce((all, [name]) => all + job.steps[name], 0) || 1;
  const made = h("div.bar", purses.filter(([name]) => job.steps[name] > 0).map(([name, color]) => {
    const part = h("i");
    part.style.cssText = `width:${(100 * job.steps[name]) / sum}%;background:${color}`;
    part.title = `${name}: ${job.steps[name]} steps`;
    return part;
  }));
  return made;
};

const showOutcome = () => {
  const legend = h("p.legend", purses.filter(([name]) => job.steps[name] > 0).map(([name, color]) => {
    const dot = h("i");
    dot.style.background = color;
    return h("span", dot, `${name} ${grouped(job.steps[name])}`);
  }));
  page.append(h("section.outcome", story(), figures(), charged > 0 && bar(), charged > 0 && legend));
};

const holding = (path) => {
  const [hold, end] = [heldTo(path), data.schedule.reduce((last, run) => Math.max(last, run[0] + run[1]), 0)];
  return hold >= end ? `the peak is held to step ${grouped(end)}, where the job ends`
    : `the peak is held to step ${grouped(hold)}${decay() ? ", where the training loss is not seen to fall any more" : ""}, then decays linearly to 0`;
};

/** Where a path begins to decay. */
const heldTo = (path) => {
  if (decay()) return decay().start;
  const falls = path.runs.findIndex((run) => run.to < run.from);
  return path.runs.slice(0, falls < 0 ? path.runs.length : falls).reduce((sum, run) => sum + run.steps, path.start);
};

const phases = () => {
  const path = pathChoice();
  const choices = data.stages.filter((s) => s.stageKind !== "rung");
  if (data.form === "rungs" && path) {
    const cut = shortened();
    const [kept, hold, end] = [path.start + path.runs[0].steps, heldTo(path), cut?.start ?? path.start + path.steps];
    return [[path.start, kept, "search"], [kept, hold, "hold"], [hold, end, "decay"], [end, end + (cut?.steps ?? 0), "end"]].filter(([a, b]) => b > a);
  }
  const last = choices.filter((s, i) => choices[i + 1]?.stage !== s.stage);
  if (data.form === "stages" && last.length === data.stageCount && last.length <= 40) return last.map((s) => [s.start, s.start + s.steps, last.length <= 16 ? `${s.stage}` : ""]);
  return [];
};

/** Says so where the model fits its training data far better than new data: no schedule mends that. */
const fitting = () => {
  const last = data.path.slice(-Math.max(5, Math.round(data.path.length / 20))).map((p) => p[1]);
  const loss = job.metrics.validation_loss;
  if (!last.length || !(loss > 0)) return "";
  const trained = last.reduce((a, b) => a + b, 0) / last.length;
  return trained > 0 && loss > 2 * trained ? `At the end the training loss is ${number(trained, 2)} and the validation loss ${number(loss, 2)}: the model over-fits, and more data, more regularisation or fewer steps would help more than another schedule.` : "";
};

const showSchedule = () => {
  if (!data.path.length && !data.schedule.length) return;
  const values = data.path.map((p) => p[1]);
  const spans = phases();
  const rateValues = data.schedule.flatMap((run) => [run[2], run[3]]);
  const nonzero = rateValues.filter((v) => v > 0);
  const log = data.form === "stages" && isWide(nonzero, 40);
  const floor = log ? Math.max(Math.min(...nonzero) / 4, Math.max(...nonzero) * leastShown) : 0;
  const area = { silent: true, itemStyle: { color: "transparent" }, label: { color: soft, fontSize: 11, position: "top", distance: 3 }, data: spans.map(([a, b, name], i) => [{ xAxis: a, name, itemStyle: { color: i % 2 ? "transparent" : faintest } }, { xAxis: b }]) };
  const max = Math.max(total, ...data.validations.map((p) => p[0]));
  const wide = 62;
  section("Schedule and loss", [`Learning rate and training loss of the final model, step by step${data.validations.length ? `; green: ${metric}` : ""}.${data.form === "rungs" && pathChoice() ? " The first steps are those of the winning probe; then the peak is held, then it decays." : ""}`, fitting()].filter(Boolean).join(" "), chart("tall", {
    tooltip: { ...tooltip, trigger: "axis", valueFormatter: precise, axisPointer: { lineStyle: { color: soft } } },
    legend: { bottom: 0, itemWidth: 18, itemHeight: 8, itemGap: 22, textStyle: { color: soft }, data: ["training loss, smoothed", ...(data.validations.length ? [metric] : []), "learning rate"] },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: [{ left: wide, right: 24, top: 22, height: "29%" }, { left: wide, right: 24, top: "40%", height: "40%" }],
    xAxis: [axis("", { type: "value", gridIndex: 0, min: 0, max, axisLabel: { show: false }, splitLine: { show: false } }), axis("step", { type: "value", gridIndex: 1, min: 0, max, splitLine: { show: false } })],
    yAxis: [
      log ? axis("learning rate", { type: "log", gridIndex: 0, min: floor, nameGap: 46, axisLabel: { formatter: short, showMinLabel: false } }) : axis("learning rate", { type: "value", gridIndex: 0, min: 0, nameGap: 46, axisLabel: { formatter: short } }),
      span(values.concat(data.validations.map((p) => p[1])), "loss", { gridIndex: 1, nameGap: 46 }),
    ],
    series: [
      { name: "learning rate", type: "line", data: scheduleLine(floor), showSymbol: false, lineStyle: { width: 2.2, color: warm }, itemStyle: { color: warm }, markArea: area },
      { name: "training loss", type: "line", xAxisIndex: 1, yAxisIndex: 1, data: data.path, showSymbol: false, lineStyle: { width: 1, color: accent, opacity: 0.25 }, itemStyle: { color: accent }, tooltip: { show: false } },
      { name: "training loss, smoothed", type: "line", xAxisIndex: 1, yAxisIndex: 1, data: smooth(data.path, Math.max(2, Math.round(data.path.length / 120))), showSymbol: false, lineStyle: { width: 2, color: accent }, itemStyle: { color: accent }, markArea: { ...area, label: { show: false } } },
      {
        name: metric, type: "scatter", xAxisIndex: 1, yAxisIndex: 1, data: data.validations, symbolSize: 9, itemStyle: { color: good, borderColor: "#fff", borderWidth: 1 }, z: 5,
        label: { show: data.validations.length <= 6, position: "top", formatter: (p) => number(p.value[1]), color: good, fontWeight: 700, offset: [-14, 0] },
      },
    ],
  }));
};

const showPurses = () => {
  const rows = purses.filter(([name], i) => i < 3 || job.steps[name] > 0).map(([name, , meaning]) => ({ cells: [name, grouped(job.steps[name]), job.steps.training ? percent(job.steps[name] / job.steps.training) : "–", meaning] }));
  const sum = { kind: "sum", cells: ["together", grouped(charged), job.steps.training ? percent(ratio) : "–", "training + search + evaluation: what this model cost, in steps"] };
  const perRung = data.form === "rungs" ? rungs().map((rung, i) => `rung ${i}: ${count(rung.search, "step")}`).join(", ") : "";
  section("Steps by purse", "Every step is counted once, by what it was spent on.", table(["purse", "steps", "of training", "what it is"], [...rows, sum], ".last"),
    perRung ? h("p.hint", `Probes as they were planned: ${perRung}. ${pathChoice() ? `${count(pathChoice().becameTraining, "step")} of the winner's constant part became training.` : ""}`) : null,
    data.mishaps ? h("p.hint", `${count(data.mishaps, "segment")} had to be run or offered again; the result is the same.`) : null);
};

const decisionWhat = (d) => {
  const first = data.form === "rungs" || data.form === "trials" ? Math.min(...data.stages.filter((s) => s.stageKind === "rung").map((s) => s.stage)) : 0;
  switch (d.kind) {
    case "choose":
      if (d.stageKind === "rung") return `Rung ${d.stage - first}: ${number(d.chosen)}`;
      if (d.stageKind === "warmup") return "Warm-up";
      if (d.stageKind === "path") return d.chosen == null ? "Schedule" : d.isAgain ? `Lower peak: ${number(d.chosen)}` : `Peak: ${number(d.chosen)}`;
      if (d.stageKind === "decay") return `Decays from step ${grouped(d.start)}`;
      if (d.stageKind === "end") return `Ends at step ${grouped(d.start + d.steps)}`;
      return `Stage ${d.stage}: ${number(d.chosen)}${d.isAgain ? ", again" : ""}`;
    case "lengthen_probes": return "Longer probes";
    case "rate_reduced": return `Rate lowered to ${number(d.chosen)}`;
    case "budget_reached": return "Budget reached";
    case "goal_reached": return "Goal reached";
    case "complete": return "Done";
    case "fail": return "Given up";
    default: return words(d.kind);
  }
};
const decisionCost = (d) => [
  price(d),
  d.becameTraining > 0 && `${count(d.becameTraining, "step")} kept as training`,
  d.gain != null && `expected gain ${percent(d.gain)}`,
  d.realised != null && (d.stageKind === "stage" ? `became ${number(d.realised)}` : `training loss at its end ${number(d.realised)}`),
].filter(Boolean).join("; ");

const showDecisions = () => {
  if (!data.decisions.length) return;
  const why = (d, i) => (i > 0 && d.reason.startsWith(data.decisions[i - 1].reason) ? `As above.${d.reason.slice(data.decisions[i - 1].reason.length)}` : d.reason);
  const row = (d, i) => ({ cells: [d.start == null ? "" : grouped(d.start), h("b", decisionWhat(d)), why(d, i), decisionCost(d)] });
  const rows = data.decisions.map(row);
  if (data.leftOut) rows.splice(data.leftOutAt, 0, { kind: "gap", cells: ["⋮", `${grouped(data.leftOut)} more`, "decisions like these are left out; the job's events have all.", ""] });
  const long = rows.length > 24;
  const list = table(["from step", "decision", "why", "what it cost, what it brought"], rows, ".decisions");
  section("Every decision, and why", "In order. Costs are those of the probes that led to the decision, as planned.", long ? h("details", h("summary", `All ${rows.length} rows`), list) : list);
};

/** The job file as YAML: small maps and lists on one line, as people write them. */
const yaml = (value) => {
  const flow = (v) => {
    if (Array.isArray(v)) return `[${v.map(flow).join(", ")}]`;
    if (v && typeof v === "object") return `{ ${Object.entries(v).map(([key, inner]) => `${key}: ${flow(inner)}`).join(", ")} }`;
    return typeof v === "string" && !/^[A-Za-z][\w./ -]*$/.test(v) ? JSON.stringify(v) : String(v);
  };
  const block = (v, indent) => Object.entries(v).map(([key, inner]) => {
    const nested = inner && typeof inner === "object" && !Array.isArray(inner) && flow(inner).length > 76;
    if (nested) return `${indent}${key}:\n${block(inner, `${indent}  `)}`;
    if (Array.isArray(inner) && flow(inner).length > 76) return `${indent}${key}:\n${inner.map((item) => `${indent}  - ${flow(item)}`).join("\n")}`;
    return `${indent}${key}: ${flow(inner)}`;
  }).join("\n");
  return block(value, "");
};

const showReproduction = () => {
  const fact = (name, value) => ({ cells: [name, h("code", value ?? "–")] });
  const runs = data.schedule.slice(0, 24);
  const own = data.pieces > runs.length ? h("p.hint", `The first ${runs.length} of ${grouped(data.pieces)} pieces; schedule.csv has all.`) : null;
  section("To get the same again", job.reproducible ? "The same job file gives the same schedule and the same losses, bit for bit, in this numeric class, with any number of workers." : "This job is not reproducible: its file asks for something that depends on time.",
    table(["", ""], [
      fact("command", data.command), fact("version", job.version), fact("seed", String(job.seed)), fact("numeric class", job.placement?.class),
      fact("trainer digest", job.placement?.trainer), fact("data digest", job.placement?.data), fact("checkpoint", job.checkpoint), fact("job", job.job),
    ], ".keys"),
    h("div.two", h("div", h("h3", "Job file"), h("pre", yaml(data.spec))),
      runs.length > 0 && h("div", h("h3", "Schedule"), table(["from step", "steps", "rate", "to"], runs.map((run) => ({ cells: [grouped(run[0]), grouped(run[1]), number(run[2], 6), run[2] === run[3] ? "constant" : number(run[3], 6)] }))), own,
        h("p.hint", "As files: schedule.csv, and `orchestrator export` for PyTorch."))));
};

headline();
showOutcome();
showSchedule();
if (data.form === "rungs") {
  showRungs();
  showRace();
}
if (data.form === "trials") showTrials();
if (data.form === "stages") {
  showStages();
  showForecasts();
}
showPurses();
showDecisions();
showReproduction();
