import Basics
import GridFiles
import Grids
import Stages

/// What `isotach plan` shows.
extension ItemPlan {
  public var json: JSONValue {
    let inputs = nodesOf(source: true).map { node -> JSONValue in
      .object(
        [("name", .string(node.origin)), ("what", .string(node.label))] + Self.json(node.description))
    }
    let computations = nodesOf(source: false).map { node -> JSONValue in
      let kept = memory.kept.first { $0.node == node.index }
      return .object(
        [
          ("stage", .string(node.origin)), ("what", .string(node.label)),
          ("kept", .string(kept.map { $0.inMemory ? "memory" : "scratch" } ?? "no")),
          ("tiles", .integer(kept?.tiles.count ?? 0)), ("holds", .integer(held(node.index))),
        ] + Self.json(node.description))
    }
    let written = zip(outputs, memory.cuts).map { output, cut -> JSONValue in
      .object(
        [
          ("path", .string(output.path)),
          ("chunk", .array((output.layout.header.data.first?.chunks ?? []).map { .integer($0) })),
          ("chunks", .integer(output.layout.allChunks)),
          ("tasks", .integer(output.layout.runCount(cut))), ("bytes", .integer(bytes(of: output))),
        ] + Self.json(output.description))
    }
    return .object([
      ("item", item.stem.map { .string($0) } ?? .null),
      ("inputs", .array(inputs)), ("files", .array(files.map { .string($0.header.path) })),
      ("computations", .array(computations)), ("outputs", .array(written)),
      ("stageFiles", .array(effectFiles.map { .string($0) })),
      ("tasks", .integer(memory.tasks)), ("bytesRead", .integer(memory.fileBytes)),
      ("operations", .number(memory.operations)), ("memory", .integer(peakEstimate)),
      ("largestTask", .integer(memory.largestTask)),
      (
        "notes",
        .array(
          notes.map {
            .object([
              ("level", .string($0.level)), ("subject", .string($0.subject)), ("text", .string($0.text)),
            ])
          })
      ),
    ])
  }

  /// Uncompressed bytes of an output's data.
  private func bytes(of output: Output) -> Int {
    output.description.variables.reduce(0) { sum, variable in
      sum + output.description.whole.count / max(1, output.description.variables.count)
        * (variable.flags == nil ? 4 : 1)
    }
  }

  /// The memory that the run will need at most, about.
  var peakEstimate: Int { base + memory.peak(inFlight: inFlight) }

  /// What a node holds once while it runs.
  private func held(_ node: Int) -> Int {
    graph.computation(NodeID(node))?.sharedBytes(threads: settingsThreads) ?? 0
  }

  private var inFlight: Int { max(1, 2 * settingsThreads) }

  public var text: String {
    var lines: [String] = []
    if let stem = item.stem { lines.append("item \(stem.escapedForDisplay)") }
    lines.append("read")
    for node in nodesOf(source: true) {
      lines.append("  \(node.origin): \(node.label)")
      lines += Self.lines(node.description)
    }
    let computations = nodesOf(source: false)
    if !computations.isEmpty { lines.append("compute") }
    for node in computations {
      let kept = memory.kept.first { $0.node == node.index }.map {
        $0.inMemory
          ? " (kept in memory, \(ByteSize.text($0.bytes)))"
          : " (kept in a scratch file, \(ByteSize.text($0.bytes)), \($0.tiles.count) tiles)"
      }
      let held = held(node.index)
      let holds = held > 0 ? " (holds \(ByteSize.text(held)))" : ""
      lines.append("  \(node.origin): \(node.label)\(kept ?? "")\(holds)")
      lines += Self.lines(node.description)
    }
    lines.append("write")
    for (node, effect) in graph.effects {
      let origin = graph.nodes[node.index].origin
      lines += effect.files.map { "  \($0.path) (by \(origin)\($0.isResult ? "" : ", on the way"))" }
      if effect.files.isEmpty { lines.append("  scores (by \(origin))") }
    }
    for (output, cut) in zip(outputs, memory.cuts) {
      let chunk = (output.layout.header.data.first?.chunks ?? []).map(String.init).joined(separator: " x ")
      lines.append("  \(output.path)")
      lines += Self.lines(output.description)
      lines.append(
        "    \(output.layout.allChunks) chunks of \(chunk) in \(output.layout.runCount(cut)) tasks, "
          + "\(ByteSize.text(bytes(of: output))) before compression")
    }
    lines.append(
      "total  \(ByteSize.text(memory.fileBytes)) read, \(Self.count(memory.operations)) operations, "
        + "\(memory.tasks) tasks, about \(ByteSize.text(peakEstimate)) of memory")
    return lines.map(\.escapedForDisplay).joined(separator: "\n")
  }

  private struct Shown {
    let index: Int
    let origin: String
    let label: String
    let description: Description
  }

  private func nodesOf(source wanted: Bool) -> [Shown] {
    graph.nodes.enumerated().compactMap { index, node in
      switch node.content {
      case .source(let source) where wanted:
        Shown(index: index, origin: node.origin, label: source.label, description: source.output)
      case .computation(let computation) where !wanted:
        Shown(index: index, origin: node.origin, label: computation.label, description: computation.output)
      default: nil
      }
    }
  }

  private static func json(_ description: Description) -> [(String, JSONValue)] {
    [
      (
        "variables",
        .array(
          description.variables.map {
            .object([
              ("name", .string($0.name)), ("standardName", $0.standardName.map { .string($0) } ?? .null),
              ("units", $0.units.map { .string($0) } ?? .null),
            ])
          })
      ),
      (
        "time",
        description.time.map { time in
          .object([
            ("count", .integer(time.count)), ("units", .string(time.units)),
            ("calendar", .string(time.calendar.rawValue)),
          ])
        } ?? .null
      ),
      (
        "layers",
        .array(
          description.layers.map { .object([("name", .string($0.name)), ("count", .integer($0.count))]) })
      ),
      (
        "grid",
        .object([
          ("kind", .string(description.grid.kind.rawValue)), ("ny", .integer(description.grid.ny)),
          ("nx", .integer(description.grid.nx)),
        ])
      ),
    ]
  }

  private static func lines(_ description: Description) -> [String] {
    let variables = description.variables.map { variable in
      variable.name + (variable.units.map { " [\($0)]" } ?? "")
    }.joined(separator: ", ")
    var shape: [String] = []
    if let time = description.time {
      shape.append("\(time.count) times (\(time.calendar.rawValue))")
    }
    shape += description.layers.map { "\($0.count) \($0.name)" }
    shape.append("\(description.grid.ny) x \(description.grid.nx) \(description.grid.kind.rawValue)")
    return ["    \(variables): " + shape.joined(separator: ", ")]
  }

  static func count(_ number: Double) -> String {
    for (size, name) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where number >= size {
      return "\((number / size * 10).rounded() / 10) \(name)"
    }
    return "\(Int(exactly: number.rounded()) ?? 0)"
  }
}
