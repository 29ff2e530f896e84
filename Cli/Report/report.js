(() => {
  const { result, curves } = JSON.parse(document.getElementById("data").textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const ink = css("--ink"), soft = css("--soft"), line = css("--line"), accent = css("--accent"), bad = css("--bad"), good = css("--good");
  const orange = "#f59e0b";
  const Z80 = 1.2816;
  const short = (v) => (v == null ? "" : Number(v).toPrecision(3).replace(/\.?0+($|e)/, "$1"));
  const axis = (name, more) => ({ name, nameLocation: "middle", nameGap: 30, nameTextStyle: { color: soft }, axisLabel: { color: soft, hideOverlap: true }, axisLine: { lineStyle: { color: line } }, splitLine: { lineStyle: { color: line } }, ...more });
  const plot = (element, option) => {
    const chart = echarts.init(element, null, { renderer: "svg" });
    chart.setOption({ animation: false, textStyle: { color: ink }, ...option });
    new ResizeObserver(() => chart.resize()).observe(element);
  };
  const positive = (values) => values.every((v) => v > 0);
  const lossAxis = (values, name, more) => axis(name, positive(values) && Math.max(...values) > 8 * Math.min(...values) ? { type: "log", ...more } : { type: "value", scale: true, ...more });

  const rate = [];
  for (const run of result.schedule.runs) { rate.push([run.start, run.from || null]); rate.push([run.start + run.steps, run.to || null]); }
  const inStage = (c) => result.stages.find((s) => s.index === c.stage);
  const onPath = (c) => c.role === "path" || (c.role === "probe" && inStage(c) && inStage(c).chosen === c.rate && result.steps.search > 0 && curves.some((p) => p.role === "path" && p.stage === c.stage && p.steps[0] === c.steps[c.steps.length - 1] + 1));
  const points = (c) => c.steps.map((s, i) => [s, c.losses[i]]).filter((p) => p[1] != null);
  const path = curves.filter(onPath).flatMap(points).sort((a, b) => a[0] - b[0]);
  const smooth = (series, n) => { let mean = null; return series.map(([x, y]) => [x, (mean = mean == null ? y : mean + (y - mean) / n)]); };
  const validations = curves.filter((c) => c.role !== "probe").flatMap((c) => c.validations).map((v) => [v.step, v.metrics.validation_loss ?? v.metrics.probe_loss]).filter((p) => p[1] != null);
  if (result.objective.metric === "validation_loss" && result.objective.value != null) validations.push([result.objective.step, result.objective.value]);
  const losses = path.map((p) => p[1]);
  plot(document.getElementById("path"), {
    tooltip: { trigger: "axis", valueFormatter: short }, legend: { top: 0, textStyle: { color: ink } },
    grid: [{ left: 62, right: 22, top: 34, height: 150 }, { left: 62, right: 22, top: 214, height: 80 }],
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    xAxis: [axis("", { type: "value", gridIndex: 0, max: "dataMax", axisLabel: { show: false } }), axis("step", { type: "value", gridIndex: 1, max: "dataMax" })],
    yAxis: [lossAxis(losses.length ? losses : [1], "loss", { gridIndex: 0, nameGap: 46 }), axis("rate", { type: "log", gridIndex: 1, nameGap: 46, axisLabel: { color: soft, formatter: short, hideOverlap: true } })],
    series: [
      { name: "training loss", type: "line", data: path, showSymbol: false, lineStyle: { width: 1, color: accent, opacity: 0.3 }, itemStyle: { color: accent }, tooltip: { show: false } },
      { name: "smoothed", type: "line", data: smooth(path, 15), showSymbol: false, lineStyle: { width: 2, color: accent }, itemStyle: { color: accent } },
      { name: "validation", type: "scatter", data: validations, symbolSize: 8, itemStyle: { color: good } },
      { name: "learning rate", type: "line", data: rate, xAxisIndex: 1, yAxisIndex: 1, showSymbol: false, lineStyle: { width: 2, color: orange }, itemStyle: { color: orange } },
    ],
  });

  const interval = (x, f) => ({ value: [x, f.mean - Z80 * f.sd, f.mean + Z80 * f.sd] });
  const whisker = (params, api) => {
    const low = api.coord([api.value(0), api.value(1)]), high = api.coord([api.value(0), api.value(2)]);
    return { type: "group", children: [[low[0], low[1], high[0], high[1]], [low[0] - 3, low[1], low[0] + 3, low[1]], [high[0] - 3, high[1], high[0] + 3, high[1]]].map(([x1, y1, x2, y2]) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: soft, lineWidth: 1 } })) };
  };
  const grid = document.getElementById("candidates");
  for (const stage of result.stages.filter((s) => s.candidates.length)) {
    const cell = document.createElement("div");
    grid.appendChild(cell);
    const known = stage.candidates.filter((c) => c.forecast);
    const top = Math.max(...known.map((c) => c.forecast.mean + Z80 * c.forecast.sd));
    plot(cell, {
      title: { text: `stage ${stage.index} · steps ${stage.start}–${stage.start + stage.steps}`, textStyle: { fontSize: 12, color: ink } },
      tooltip: { formatter: (p) => `rate ${short(p.value[0])}<br>${p.seriesName === "diverged" ? "diverged" : `forecast ${short(p.value[1])}`}` },
      grid: { left: 46, right: 12, top: 42, bottom: 38 },
      xAxis: axis("rate", { type: "log", nameGap: 22, axisLabel: { color: soft, formatter: short, hideOverlap: true } }),
      yAxis: axis("", { type: "value", scale: true, axisLabel: { color: soft, formatter: short } }),
      series: [
        { type: "custom", renderItem: whisker, data: known.map((c) => interval(c.learningRate, c.forecast)), encode: { x: 0, y: [1, 2] }, silent: true },
        { name: "forecast", type: "scatter", data: known.map((c) => [c.learningRate, c.forecast.mean]), symbolSize: (v) => (v[0] === stage.chosen ? 11 : 7), itemStyle: { color: (p) => (p.value[0] === stage.chosen ? accent : "transparent"), borderColor: accent, borderWidth: 1.5 } },
        { name: "diverged", type: "scatter", data: stage.candidates.filter((c) => !c.forecast).map((c) => [c.learningRate, top]), symbol: "path://M0,0 L10,10 M10,0 L0,10", symbolSize: 8, itemStyle: { color: bad, borderColor: bad, borderWidth: 2 } },
      ],
    });
  }

  const pairs = result.stages.filter((s) => s.forecast && s.realised != null);
  const all = pairs.flatMap((s) => [s.forecast.mean, s.realised]);
  const [low, high] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
  plot(document.getElementById("calibration"), {
    tooltip: { formatter: (p) => (p.data.stage == null ? "" : `stage ${p.data.stage}<br>forecast ${short(p.value[0])}<br>realised ${short(p.value[1])}`) },
    grid: { left: 62, right: 22, top: 20, bottom: 46 },
    xAxis: axis("forecast", { type: "value", scale: true, axisLabel: { color: soft, formatter: short } }), yAxis: axis("realised", { type: "value", scale: true, nameGap: 46, axisLabel: { color: soft, formatter: short } }),
    series: [
      { type: "line", data: [[low, low], [high, high]], showSymbol: false, silent: true, lineStyle: { color: soft, type: "dashed", width: 1 } },
      { type: "custom", silent: true, data: pairs.map((s) => ({ value: [s.forecast.mean - Z80 * s.forecast.sd, s.forecast.mean + Z80 * s.forecast.sd, s.realised] })), encode: { x: [0, 1], y: 2 }, clip: true, renderItem: (p, api) => { const a = api.coord([api.value(0), api.value(2)]), b = api.coord([api.value(1), api.value(2)]); return { type: "line", shape: { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }, style: { stroke: soft, lineWidth: 1 } }; } },
      { type: "scatter", data: pairs.map((s) => ({ value: [s.forecast.mean, s.realised], stage: s.index })), symbolSize: 9, itemStyle: { color: accent }, label: { show: true, position: "top", color: soft, formatter: (p) => p.data.stage } },
    ],
  });

  const purses = [["training", accent], ["search", orange], ["evaluation", good], ["final", soft], ["lost", bad], ["reused", "#8b5cf6"]].filter(([name]) => result.steps[name] > 0);
  plot(document.getElementById("purses"), {
    tooltip: { valueFormatter: (v) => `${v} steps` }, legend: { bottom: 0, textStyle: { color: ink } }, grid: { left: 22, right: 30, top: 20, bottom: 80, containLabel: true },
    xAxis: axis("steps", { type: "value" }), yAxis: { type: "category", data: [""], axisLine: { show: false }, axisTick: { show: false } },
    series: purses.map(([name, color]) => ({ name, type: "bar", stack: "steps", barWidth: 56, data: [result.steps[name]], itemStyle: { color }, label: { show: result.steps[name] > 0.05 * result.steps.training, formatter: "{c}", color: "#fff" } })),
  });

  plot(document.getElementById("probes"), {
    grid: { left: 62, right: 22, top: 20, bottom: 46 }, tooltip: { trigger: "item", formatter: (p) => `${p.seriesName}<br>step ${p.value[0]}: ${short(p.value[1])}` },
    xAxis: axis("step", { type: "value", max: "dataMax" }), yAxis: lossAxis(curves.flatMap(points).map((p) => p[1]).concat([1]), "training loss", { nameGap: 46 }),
    series: curves.filter((c) => c.losses.length > 1).map((c) => ({ name: `${c.role}, rate ${short(c.rate)}`, type: "line", data: points(c), showSymbol: false, lineStyle: { width: onPath(c) ? 1.5 : 1, color: onPath(c) ? accent : c.state === "diverged" ? bad : soft, opacity: onPath(c) ? 1 : 0.45 }, z: onPath(c) ? 3 : 2 })),
  });
})();
