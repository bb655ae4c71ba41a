"use strict";
// Draws the page from the data beside it. Text reaches the page as text only, never as markup: it comes from logs.
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
  const mostRows = 200;
  const charts = [];

  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "text") node.textContent = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  };
  const color = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // ------------------------------------------------------------------------------------------------------- values

  const grouped = (x, decimals) => x.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const percent = (x) => { const p = x * 100; return grouped(p, p > 0 && p < 0.1 ? 2 : 1) + " %"; };
  const isName = (name) => name.endsWith("_id") || ["hour", "weekday", "iso_year", "iso_week", "rank", "week_after"].includes(name);
  const isNumber = (column) => ["integer", "number", "share"].includes(column.kind);
  const shown = (value, column) => {
    if (value === null) return "";
    if (column.name === "weekday") return weekdays[value - 1] ?? String(value);
    if (column.kind === "share") return percent(value);
    if (column.kind === "number") return grouped(value, column.decimals);
    if (column.kind === "integer") return isName(column.name) ? String(value) : grouped(Number(value), 0);
    return value === "" ? "(none)" : String(value);
  };
  const words = (name) => name.replaceAll("_", " ");
  const shortened = (text, most) => { const letters = [...text]; return letters.length > most ? letters.slice(0, most - 1).join("") + "…" : text; };

  // ------------------------------------------------------------------------------------------------------- charts

  const base = () => ({
    animation: false,
    // The box says itself what is drawn; the library's own words read every point aloud.
    aria: { enabled: false },
    color: ["--c1", "--c2", "--c3", "--c4"].map(color),
    textStyle: { fontFamily: "inherit", color: color("--soft") },
    grid: { left: 8, right: 18, top: 30, bottom: 8, containLabel: true },
    tooltip: {
      backgroundColor: color("--card"), borderColor: color("--line"), textStyle: { color: color("--ink"), fontSize: 13 },
      confine: true, renderMode: "richText",
    },
  });
  const axisStyle = () => ({
    axisLine: { lineStyle: { color: color("--line") } }, axisTick: { show: false },
    axisLabel: { color: color("--soft"), hideOverlap: true }, splitLine: { lineStyle: { color: color("--line") } },
  });
  const place = (card, name) => card.columns.findIndex((column) => column.name === name);
  const valueAxis = (column, more = {}) => ({
    type: "value", ...axisStyle(),
    axisLabel: { color: color("--soft"), hideOverlap: true, formatter: (x) => column.kind === "share" ? grouped(x * 100, x !== 0 && Math.abs(x) < 0.01 ? 2 : 0) + " %" : grouped(x, x !== 0 && Math.abs(x) < 1 ? 2 : 0) },
    ...more,
  });

  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  // Over more than a year the month and the year say more than the day.
  const dayLabel = (day, days) => {
    const [year, month, date] = day.split("-");
    return days.length > 400 ? `${months[month - 1]} ${year}` : `${Number(date)} ${months[month - 1]}`;
  };
  const overTime = (card) => {
    const [along, ...drawn] = card.drawn.map((name) => place(card, name));
    const column = card.columns[drawn[0]];
    const days = card.rows.map((row) => row[along]);
    const area = card.chart === "area";
    return {
      ...base(),
      legend: { show: drawn.length > 1, top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, textStyle: { color: color("--soft") } },
      grid: { ...base().grid, top: drawn.length > 1 ? 34 : 14, bottom: days.length > 45 ? 46 : 8 },
      tooltip: { ...base().tooltip, trigger: "axis", axisPointer: { type: "line", lineStyle: { color: color("--soft") } }, valueFormatter: (x) => x === null || x === undefined ? "no value" : shown(x, column) },
      xAxis: { type: "category", data: days, boundaryGap: false, ...axisStyle(), splitLine: { show: false }, axisLabel: { ...axisStyle().axisLabel, alignMinLabel: "left", alignMaxLabel: "right", formatter: (day) => dayLabel(day, days) } },
      yAxis: valueAxis(column),
      dataZoom: days.length > 45 ? [
        { type: "slider", height: 18, bottom: 8, borderColor: "transparent", backgroundColor: "transparent", fillerColor: "rgba(127, 140, 150, 0.12)", handleStyle: { color: color("--card"), borderColor: color("--soft") }, moveHandleSize: 0, selectedDataBackground: { lineStyle: { color: color("--c1"), width: 0.7 }, areaStyle: { color: color("--c1"), opacity: 0.15 } }, dataBackground: { lineStyle: { color: color("--line") }, areaStyle: { color: color("--line"), opacity: 0.3 } }, showDetail: false, brushSelect: false },
      ] : [],
      series: drawn.map((index) => ({
        name: words(card.columns[index].name), type: "line", data: card.rows.map((row) => row[index]), stack: area ? "all" : undefined,
        areaStyle: area ? { opacity: 0.55 } : drawn.length === 1 ? { opacity: 0.12 } : undefined, lineStyle: { width: area ? 0.8 : 2 },
        showSymbol: days.length < 2, symbolSize: 5, sampling: days.length > 2000 ? "lttb" : undefined, connectNulls: false,
      })),
    };
  };

  // A dashed outline besides the paler colour marks what is not in the catalogue, so that it is seen without colours too.
  const unmatched = () => ({ color: color("--pale"), borderColor: color("--c1"), borderType: "dashed", borderWidth: 1, borderRadius: [0, 4, 4, 0] });
  const bars = (card) => {
    const [label, drawn] = card.drawn.map((name) => place(card, name));
    const column = card.columns[drawn];
    const id = ["song_id", "artist_id"].map((name) => place(card, name)).find((index) => index >= 0) ?? -1;
    const kind = ["kind", "dimension"].map((name) => place(card, name)).find((index) => index >= 0) ?? -1;
    const rows = card.rows.filter((row) => kind < 0 || row[kind] === (card.kind ?? card.rows[0][kind])).slice(0, 20).reverse();
    const narrow = window.innerWidth < 640;
    const said = (value) => column.kind === "number" && Number.isInteger(value) ? grouped(value, 0) : shown(value, column);
    // Beside the longest bar stands its value.
    const longest = Math.max(...rows.map((row) => row[drawn] === null ? 0 : said(row[drawn]).length));
    const name = (row) => card.columns[label].name === "user_id" ? "user " + row[label] : shown(row[label], card.columns[label]);
    return {
      ...base(),
      grid: { ...base().grid, top: 6, right: 14 + 7 * longest },
      tooltip: {
        ...base().tooltip, trigger: "item",
        formatter: (item) => {
          const row = rows[item.dataIndex];
          return card.columns.map((c, i) => row[i] === null ? null : words(c.name) + ": " + shortened(shown(row[i], c), 60)).filter(Boolean).join("\n");
        },
      },
      xAxis: valueAxis(column, { splitNumber: 4 }),
      yAxis: { type: "category", data: rows.map((_, index) => index), ...axisStyle(), axisLine: { show: false }, axisLabel: { color: color("--ink"), interval: 0, formatter: (index) => shortened(name(rows[index]), narrow ? 18 : 32) } },
      series: [{
        type: "bar", barMaxWidth: 16, itemStyle: { borderRadius: [0, 4, 4, 0] },
        data: rows.map((row) => ({ value: row[drawn], itemStyle: id >= 0 && row[id] === null ? unmatched() : undefined })),
        label: { show: true, position: "right", color: color("--soft"), formatter: (item) => said(item.value) },
      }],
    };
  };

  const columns = (card) => {
    const [label, drawn] = card.drawn.map((name) => place(card, name));
    const column = card.columns[drawn];
    const rows = card.rows.filter((row) => row[drawn] !== null);
    return {
      ...base(),
      grid: { ...base().grid, top: 14 },
      tooltip: { ...base().tooltip, trigger: "axis", axisPointer: { type: "shadow" }, formatter: ([item]) => card.columns.map((c, i) => rows[item.dataIndex][i] === null ? null : words(c.name) + ": " + shown(rows[item.dataIndex][i], c)).filter(Boolean).join("\n") },
      xAxis: { type: "category", data: rows.map((row) => shown(row[label], card.columns[label])), ...axisStyle(), splitLine: { show: false }, axisLabel: { ...axisStyle().axisLabel, interval: rows.length > 12 ? "auto" : 0 } },
      yAxis: valueAxis(column),
      series: [{ type: "bar", data: rows.map((row) => row[drawn]), barCategoryGap: "28%", itemStyle: { borderRadius: [4, 4, 0, 0] } }],
    };
  };

  const heatmap = (card) => {
    const [x, y, drawn] = card.drawn.map((name) => place(card, name));
    const column = card.columns[drawn];
    const unique = (index) => [...new Set(card.rows.map((row) => row[index]))];
    const [xs, ys] = [unique(x).sort((a, b) => a - b), unique(y)];
    const most = Math.max(...card.rows.map((row) => row[drawn] ?? 0), 0);
    return {
      ...base(),
      grid: { ...base().grid, top: 8, bottom: 42, right: 8 },
      tooltip: { ...base().tooltip, formatter: (item) => card.columns.map((c, i) => card.rows[item.dataIndex][i] === null ? null : words(c.name) + ": " + shown(card.rows[item.dataIndex][i], c)).filter(Boolean).join("\n") },
      xAxis: { type: "category", data: xs.map(String), name: words(card.columns[x].name), nameLocation: "middle", nameGap: 24, ...axisStyle(), splitLine: { show: false } },
      yAxis: { type: "category", data: ys.map((value) => shown(value, card.columns[y])), inverse: true, ...axisStyle(), splitLine: { show: false } },
      visualMap: { min: 0, max: most || 1, calculable: false, orient: "horizontal", right: 0, bottom: 0, itemHeight: 90, itemWidth: 10, text: [column.kind === "share" ? percent(most) : grouped(most, 1), "0"], textStyle: { color: color("--soft") }, inRange: { color: ["--heat0", "--heat1", "--heat2"].map(color) } },
      series: [{ type: "heatmap", data: card.rows.map((row) => [xs.indexOf(row[x]), ys.indexOf(row[y]), row[drawn] ?? "-"]), itemStyle: { borderColor: color("--card"), borderWidth: 1.5, borderRadius: 3 } }],
    };
  };

  const lorenz = (card) => {
    const [x, y] = card.drawn.map((name) => place(card, name));
    const points = [[0, 0], ...card.rows.map((row) => [row[x], row[y]])];
    return {
      ...base(),
      grid: { ...base().grid, top: 14, bottom: 28 },
      tooltip: { ...base().tooltip, trigger: "axis", formatter: ([item]) => `the top ${percent(item.value[0])} of the users\nmade ${percent(item.value[1])} of the plays` },
      xAxis: { ...valueAxis(card.columns[x]), max: 1, name: "users, the keenest first", nameLocation: "middle", nameGap: 28 },
      yAxis: { ...valueAxis(card.columns[y]), max: 1 },
      series: [
        { type: "line", data: points, showSymbol: false, areaStyle: { opacity: 0.12 }, lineStyle: { width: 2 } },
        { type: "line", data: [[0, 0], [1, 1]], showSymbol: false, silent: true, lineStyle: { type: "dashed", width: 1, color: color("--soft") }, tooltip: { show: false } },
      ],
    };
  };

  const drawings = { line: overTime, peaks: overTime, area: overTime, bars, columns, heatmap, lorenz };

  // ------------------------------------------------------------------------------------------------------- tables

  const table = (card) => {
    const body = el("tbody");
    const kept = card.columns.map((_, index) => index).filter((index) => card.rows.some((row) => row[index] !== null));
    let sorted = null;
    const fill = () => {
      const rows = [...card.rows];
      if (sorted) {
        const sign = sorted.up ? 1 : -1;
        const number = isNumber(card.columns[sorted.index]);
        // What is empty comes last, either way.
        rows.sort((a, b) => {
          const [p, q] = [a[sorted.index], b[sorted.index]];
          if (p === null || q === null) return (p === null) - (q === null);
          return sign * (number ? p - q : p < q ? -1 : p > q ? 1 : 0);
        });
      }
      body.replaceChildren(...rows.slice(0, mostRows).map((row) => el("tr", {}, ...kept.map((index) => {
        const column = card.columns[index];
        return el("td", { class: isNumber(column) ? "number" : "text", dir: isNumber(column) ? null : "auto", text: shown(row[index], column) });
      }))));
    };
    const headers = kept.map((index) => {
      const column = card.columns[index];
      const header = el("th", { scope: "col", class: isNumber(column) ? "number" : null, title: column.meaning || null });
      header.append(el("button", {
        type: "button", text: words(column.name),
        onclick: () => {
          const up = sorted?.index === index ? !sorted.up : !isNumber(column);
          sorted = { index, up };
          headers.forEach((other) => other.removeAttribute("aria-sort"));
          header.setAttribute("aria-sort", up ? "ascending" : "descending");
          fill();
        },
      }));
      return header;
    });
    fill();
    const rows = el("div", { class: "rows", tabindex: "0", role: "region", "aria-label": card.title + ", table" },
      el("table", {}, el("thead", {}, el("tr", {}, ...headers)), body));
    const parts = el("div", {}, rows);
    if (card.rows.length > mostRows) parts.append(el("p", { class: "fine", text: `${mostRows} of ${grouped(card.rows.length, 0)} rows; the CSV has all.` }));
    return parts;
  };

  const csv = (card) => {
    // A leading sign would make a spreadsheet take text from the logs for a formula.
    const cell = (value) => {
      const text = value === null ? "" : typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
      return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
    };
    const lines = [card.columns.map((column) => column.name), ...card.rows];
    return lines.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  };
  const download = (card) => {
    const url = URL.createObjectURL(new Blob(["\ufeff", csv(card)], { type: "text/csv;charset=utf-8" }));
    const link = el("a", { href: url, download: card.name + ".csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };

  // -------------------------------------------------------------------------------------------------------- cards

  const toggle = (label, panel, open) => {
    const button = el("button", { type: "button", text: label, "aria-expanded": String(open), onclick: () => {
      panel.hidden = !panel.hidden;
      button.setAttribute("aria-expanded", String(!panel.hidden));
    } });
    panel.hidden = !open;
    return button;
  };

  const card = (data) => {
    const draw = data.rows.length ? drawings[data.chart] : undefined;
    const node = el("article", { class: "card", id: data.name, "data-rows": data.rows.length, "data-chart": data.chart });
    const heading = el("h3", { text: data.title });
    node.append(heading, el("p", { class: "question", text: data.answers }));
    for (const remark of data.remarks) node.append(el("p", { class: "remark", text: remark }));
    if (draw) {
      const tall = (data.chart === "bars" && data.rows.length > 9) || (data.chart === "heatmap" && data.rows.length > 300);
      const drawn = data.drawn.map(words).join(" and ");
      const short = data.chart === "bars" && data.rows.length < 6;
      const box = el("div", { class: tall ? "chart tall" : short ? "chart short" : "chart", role: "img", "aria-label": `${data.title}. ${data.answers} Drawn: ${drawn}. The table below has the numbers.` });
      node.append(box);
      if (data.chart === "bars" && data.rows.some((row) => (place(data, "song_id") >= 0 && row[place(data, "song_id")] === null) || (place(data, "artist_id") >= 0 && row[place(data, "artist_id")] === null))) {
        node.append(el("p", { class: "fine", text: "Pale with a dashed edge: not in the catalogue, shown as the log names it." }));
      }
      charts.push({ box, draw: () => draw(data), chart: null });
    }
    if (data.notes.length) node.append(el("ul", { class: "notes" }, ...data.notes.map((note) => el("li", { text: note }))));
    const tools = el("div", { class: "tools" });
    if (data.rows.length) {
      const numbers = table(data);
      const button = toggle("Table", numbers, !draw);
      tools.append(button, el("button", { type: "button", text: "CSV", "aria-label": `Download ${data.title} as CSV`, onclick: () => download(data) }));
      node.append(numbers);
    }
    const query = el("pre", { tabindex: "0", text: data.sql });
    tools.append(toggle("SQL", query, false));
    node.append(tools, query);
    const texts = data.columns.filter((column) => column.kind === "text").length;
    if ((data.columns.length > 6 || texts > 3) && !draw) node.classList.add("wide");
    return node;
  };

  // --------------------------------------------------------------------------------------------------------- page

  const put = (id, text) => { document.getElementById(id).textContent = text; };
  put("source", page.warehouse);
  put("period", page.empty ? "no data yet" : `${page.from} up to, not including, ${page.to}`);
  put("compared", page.headline.compared ?? "");
  put("footing", page.footing);
  document.title = page.empty ? "Listening report" : `Listening report, ${page.from} to ${page.to}`;
  const headline = document.getElementById("headline");
  for (const number of page.headline.numbers) {
    const value = number.value === null ? "none" : shown(number.value, { name: "", kind: number.kind });
    const box = el("div", {}, el("dt", { text: number.label }), el("dd", { class: "value", text: value }));
    box.style.setProperty("--chars", value.length);
    if (number.change !== null) {
      const share = number.kind === "share";
      const size = share ? grouped(Math.abs(number.change) * 100, Math.abs(number.change) < 0.001 ? 2 : 1) + " points" : percent(Math.abs(number.change));
      const up = number.change > 0;
      const none = Math.abs(number.change) < 0.00005;
      box.append(el("dd", { class: "change " + (none ? "" : up ? "up" : "down"), text: none ? "unchanged" : (up ? "▲ " : "▼ ") + size }));
    }
    headline.append(box);
  }
  if (page.empty) document.getElementById("sections").append(el("p", { class: "remark", text: "The warehouse holds no events yet." }));
  for (const section of page.sections) {
    document.getElementById("contents").append(el("li", {}, el("a", { href: "#" + section.id, text: section.title })));
    const heading = el("h2", { id: section.id, text: section.title });
    document.getElementById("sections").append(el("section", { "aria-labelledby": section.id }, heading, el("div", { class: "cards" }, ...section.cards.map(card))));
  }

  const drawAll = () => {
    for (const item of charts) {
      item.chart?.dispose();
      item.chart = echarts.init(item.box, null, { renderer: "svg" });
      item.chart.setOption(item.draw());
    }
  };
  const button = document.getElementById("theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const show = (isDark) => {
    root.dataset.theme = isDark ? "dark" : "light";
    button.setAttribute("aria-pressed", String(isDark));
    drawAll();
  };
  button.addEventListener("click", () => show(root.dataset.theme !== "dark"));
  dark.addEventListener("change", (event) => show(event.matches));
  // Only the width matters: a phone's address bar changes the height all the time.
  let width = document.body.clientWidth;
  new ResizeObserver(() => {
    if (document.body.clientWidth === width) return;
    width = document.body.clientWidth;
    drawAll();
  }).observe(document.body);
  // Paper is light, and of another width than the window.
  let before = null;
  window.addEventListener("beforeprint", () => { before = root.dataset.theme; show(false); charts.forEach((item) => item.chart.resize()); });
  window.addEventListener("afterprint", () => show(before === "dark"));
  show(dark.matches);
  root.dataset.drawn = String(charts.length);
})();
