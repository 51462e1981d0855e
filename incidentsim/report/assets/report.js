(function () {
  "use strict";
  var box = document.getElementById("chart");
  var told = document.getElementById("figure");
  var pairs = document.getElementById("palette");
  if (!box || !told || !pairs || !window.Plotly) { return; }
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var coarse = window.matchMedia("(pointer: coarse)");

  function figure() {
    var text = told.textContent;
    if (dark.matches) {
      var colours = {};
      JSON.parse(pairs.textContent).forEach(function (pair) { colours['"' + pair[0] + '"'] = '"' + pair[1] + '"'; });
      text = text.replace(/"#[0-9a-f]{6}"/g, function (found) { return colours[found] || found; });
    }
    return JSON.parse(text);
  }

  function draw() {
    var drawing = figure();
    if (coarse.matches || box.clientWidth < 600) {
      drawing.layout.dragmode = false;
      drawing.layout.xaxis.fixedrange = true;
      drawing.layout.xaxis.dtick *= box.clientWidth < 600 ? 2 : 1;
      drawing.layout.annotations.forEach(function (note) { note.font.size = 11; });
    }
    var bar = !(coarse.matches || box.clientWidth < 600);
    return window.Plotly.react(box, drawing.data, drawing.layout, {
      displaylogo: false, responsive: true, displayModeBar: bar ? "hover" : false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"]
    });
  }

  draw().then(function () {
    document.documentElement.classList.add("drawn");
    window.Plotly.Plots.resize(box);
    box.on("plotly_click", function (event) {
      var target = event.points.length ? event.points[0].customdata : "";
      if (target && document.getElementById(target)) { window.location.hash = target; }
    });
  });
  dark.addEventListener("change", draw);
})();
