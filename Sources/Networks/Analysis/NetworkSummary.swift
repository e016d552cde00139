import Basics
import Compute
import Tensors

/// What there is to say of a network for one shape of input: its layers, what they make, and what that costs.
public struct NetworkSummary: Sendable {
  /// Operators in a row that belong to one layer.
  public struct Row: Sendable {
    public let path: String
    /// Operators with their attributes: `Conv (padding 1x1)`.
    public let operators: [String]
    public let output: Shape
    /// Numbers that are trained, first used here.
    public let parameters: Int
    /// Floating-point operations for the batch.
    public let operations: Double
    /// Cells of the network's input that one cell of the output depends on, [.., rows, columns]; nil: all.
    public let field: [Int?]
  }

  public let configuration: ConfigValue
  public let input: Shape
  public let output: Shape
  public let rows: [Row]
  public let sideOutputs: [(name: String, shape: Shape, weight: Double)]
  /// Numbers that are trained, and numbers that training keeps beside them.
  public let parameters: Int
  public let statistics: Int
  public let operations: Double
  /// For each spatial dimension, outermost first; nil where an output depends on the whole input.
  public let tilings: [Tiling?]
  /// Bytes of all parameters and statistics.
  public let parameterBytes: Int
  /// Bytes of intermediate values when it is applied by one thread; nil when that cannot be planned.
  public let arenaBytes: Int?

  /// - Parameter configuration: how the network was declared, or what it is called.
  public init(_ configuration: ConfigValue, _ network: Network) {
    let graph = network.graph
    self.configuration = configuration
    (input, output) = (network.inputShape, network.outputShape)
    sideOutputs = network.sideOutputs.map { ($0.name, graph.shape($0.value), $0.weight) }
    parameters = network.parameterCount
    statistics = network.parameters.reduce(0) { $0 + ($1.isTrained ? 0 : $1.shape.count) }
    parameterBytes = (parameters + statistics) * MemoryLayout<Float>.stride
    let dimensions = Array((1...3).prefix(max(0, graph.shape(network.input).rank - 2)).reversed())
    let outputs = [network.output] + network.sideOutputs.map(\.value)
    let isTrained = Dictionary(
      network.parameters.map { ($0.name, $0.isTrained) }, uniquingKeysWith: { first, _ in first })

    var rows: [Row] = []
    var counted = Set<Value>()
    var operations = 0.0
    var group: [Int] = []
    func close() {
      guard let last = group.last, let result = graph.nodes[last].call.outputs.first else { return }
      var (numbers, work) = (0, 0.0)
      for index in group {
        let node = graph.nodes[index]
        work += node.op.cost(node.call.inputs.map(graph.shape), node.call.outputs.map(graph.shape)).operations
        for value in node.call.inputs where counted.insert(value).inserted {
          if case .parameter(let name) = graph.origin(value), isTrained[name] == true {
            numbers += graph.shape(value).count
          }
        }
      }
      operations += work
      let reach = Reach(graph, from: network.input, to: result)
      rows.append(
        Row(
          path: graph.nodes[last].call.path,
          operators: Self.texts(group.map { graph.nodes[$0] }, graph),
          output: graph.shape(result), parameters: numbers, operations: work,
          field: dimensions.map { dimension in
            guard dimension <= graph.shape(result).rank else { return nil }
            // Cells between those of a coarser level see less or more.
            var most = 0
            for cell in 0..<16 {
              guard let range = reach.inputRange(of: cell..<cell + 1, dimension: dimension) else {
                return nil
              }
              most = max(most, range.count)
            }
            return most
          }))
      group = []
    }
    for index in graph.nodes(for: outputs) {
      if let last = group.last, graph.nodes[last].call.path != graph.nodes[index].call.path { close() }
      group.append(index)
    }
    close()
    (self.rows, self.operations) = (rows, operations)
    let reach = Reach(graph, from: network.input, to: network.output)
    tilings = dimensions.map { reach.tiling(dimension: $0) }
    let plan = try? ProgramPlan(
      graph,
      outputs: [("output", network.output)]
        + sideOutputs.indices.map {
          ("side \($0)", network.sideOutputs[$0].value)
        }, threads: 1)
    arenaBytes = plan?.arenaBytes
  }

  /// One operator with its attributes; of several the names, equal ones counted.
  private static func texts(_ nodes: [Graph.Node], _ graph: Graph) -> [String] {
    if nodes.count == 1, let node = nodes.first {
      let kernel = node.call.inputs.dropFirst().first.map { graph.shape($0).extents.dropFirst(2) } ?? []
      var parts = node.op.detail.isEmpty ? [] : [node.op.detail]
      if !kernel.isEmpty, node.op is Compute.Conv || node.op is Compute.ConvTranspose {
        parts.insert("kernel " + kernel.map(String.init).joined(separator: "x"), at: 0)
      }
      let name = type(of: node.op).name
      return [parts.isEmpty ? name : "\(name) (\(parts.joined(separator: ", ")))"]
    }
    var counts: [(name: String, count: Int)] = []
    for node in nodes {
      let name = type(of: node.op).name
      if let place = counts.firstIndex(where: { $0.name == name }) {
        counts[place].count += 1
      } else {
        counts.append((name, 1))
      }
    }
    return counts.map { $0.count == 1 ? $0.name : "\($0.count) \($0.name)" }
  }
}

extension NetworkSummary {
  /// A table for a terminal.
  public var text: String {
    var lines = [["layer", "what", "output", "parameters", "operations", "sees"]]
    for row in rows {
      lines.append([
        row.path.isEmpty ? "-" : row.path, row.operators.joined(separator: ", "), row.output.description,
        row.parameters == 0 ? "-" : Self.grouped(row.parameters), Self.short(row.operations),
        Self.field(row.field),
      ])
    }
    var text = Self.table(lines, right: [3, 4]) + "\n\n"
    text += "input       \(input)\noutput      \(output)\n"
    for side in sideOutputs { text += "side        \(side.name) \(side.shape), weight \(side.weight)\n" }
    text += "parameters  \(Self.grouped(parameters))"
    if statistics > 0 { text += ", and \(Self.grouped(statistics)) statistics" }
    text += "\noperations  \(Self.short(operations)) floating-point operations\n"
    text += "memory      parameters \(Self.bytes(parameterBytes))"
    if let arenaBytes { text += ", intermediate values \(Self.bytes(arenaBytes))" }
    text += "\n"
    if tilings.isEmpty || tilings.contains(where: { $0 == nil }) {
      text += "sees        the whole input: it cannot be applied in tiles"
    } else {
      let tilings = tilings.compactMap(\.self)
      func each(_ number: (Tiling) -> String) -> String {
        let all = tilings.map(number)
        return Set(all).count == 1 ? all[0] : all.joined(separator: " x ")
      }
      text +=
        "sees        \(each { "\($0.receptiveField)" }) cells of the input; halo "
        + "\(each { $0.before == $0.after ? "\($0.before)" : "\($0.before) and \($0.after)" }), size divisible by "
        + each { "\($0.stride)" }
      if tilings.contains(where: { $0.scale != .one }) {
        text += ", output \(each { "\($0.scale)" }) times as fine"
      }
    }
    return text
  }

  /// Schema isotach.network/1.
  public var json: JSONValue {
    func list(_ shape: Shape) -> JSONValue { .array(shape.extents.map { .integer($0) }) }
    let rows = rows.map { row -> JSONValue in
      .object([
        ("layer", .string(row.path)), ("operators", .array(row.operators.map { .string($0) })),
        ("output", list(row.output)), ("parameters", .integer(row.parameters)),
        ("operations", .number(row.operations)),
        ("receptive_field", .array(row.field.map { $0.map { .integer($0) } ?? .null })),
      ])
    }
    let tilings = tilings.map { tiling -> JSONValue in
      guard let tiling else { return .null }
      return .object([
        ("receptive_field", .integer(tiling.receptiveField)), ("before", .integer(tiling.before)),
        ("after", .integer(tiling.after)), ("stride", .integer(tiling.stride)),
        ("scale", .number(Double(tiling.scale.numerator) / Double(tiling.scale.denominator))),
      ])
    }
    let sides = sideOutputs.map { side -> JSONValue in
      .object([
        ("name", .string(side.name)), ("shape", list(side.shape)), ("weight", .number(side.weight)),
      ])
    }
    return .object([
      ("schema", .string("isotach.network/1")), ("network", configuration.json), ("input", list(input)),
      ("output", list(output)), ("side_outputs", .array(sides)), ("parameters", .integer(parameters)),
      ("statistics", .integer(statistics)), ("operations", .number(operations)),
      ("parameter_bytes", .integer(parameterBytes)),
      ("arena_bytes", arenaBytes.map { .integer($0) } ?? .null), ("tiling", .array(tilings)),
      ("layers", .array(rows)),
    ])
  }

  private static func field(_ field: [Int?]) -> String {
    let texts = field.map { $0.map(String.init) ?? "all" }
    return texts.isEmpty ? "all" : Set(texts).count == 1 ? texts[0] : texts.joined(separator: " x ")
  }

  static func table(_ lines: [[String]], right: Set<Int>) -> String {
    let widths = (lines.first ?? []).indices.map { column in
      lines.map { $0[column].count }.max() ?? 0
    }
    return lines.map { line in
      let cells = line.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - cell.count)
        return right.contains(column) ? gap + cell : column == line.count - 1 ? cell : cell + gap
      }
      return cells.joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// 31,030,658.
  public static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0, index % 3 == 0, digit != "-" { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }

  /// 1.25 G.
  static func short(_ number: Double) -> String {
    for (unit, size) in [("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)] where number >= size {
      let scaled = (number / size * 100).rounded() / 100
      return "\(scaled) \(unit)"
    }
    return number == 0 ? "-" : "\(Int(exactly: number.rounded()) ?? 0)"
  }

  static func bytes(_ number: Int) -> String {
    for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where number >= size {
      return "\((Double(number) / Double(size) * 10).rounded() / 10) \(unit)"
    }
    return "\(number) bytes"
  }
}
