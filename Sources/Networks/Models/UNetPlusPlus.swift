import Basics
import Compute
import Tensors

/// Nested UNet with dense skips (Zhou et al. 2018): between encoder and decoder lie further nodes, each fed by all in
/// front of it on its level and by the one below, enlarged.
///
/// With deep supervision each node of the finest level has a head of its own: the last is the output, the others are
/// side outputs for the loss. `prune` leaves the columns behind a head away, as the paper does after training.
/// Parameters: `nodes.LEVEL.COLUMN.*`, `nodes.LEVEL.COLUMN.up.*`, `heads.COLUMN.*`.
public struct UNetPlusPlus: Model {
  public static let declaration = Declaration(
    name: "unet-plus-plus", summary: "nested UNet with dense skips (Zhou et al. 2018)",
    keys: [
      Key("outputs", .integer, default: "1", "channels of the output"),
      Key("base", .integer, default: "32", "channels of the first level; twice as many at each further one"),
      Key("depth", .integer, default: "4", "how many times the size is halved"),
      Key("batch-norm", .boolean, default: "false", "batch normalisation behind each convolution"),
      Key("up", .choice(UNet.Up.allCases.map(\.rawValue)), default: "transpose", "how the size is doubled"),
      Key("supervise", .number, default: "0", "weight in the loss of each side head; 0: no side heads"),
      Key("prune", .integer, "columns that are kept, below the depth"),
      Stack.activationKey,
    ])
  public static let published = [
    Published(
      input: [1, 96, 96], parameters: 9_041_601,
      source: "Zhou et al. 2018, 9.04 M: 32 to 512 channels, transposed convolutions, one head"),
    Published(
      [("supervise", .integer(1))], input: [1, 96, 96], parameters: 9_041_700,
      source: "the same with a head for each column"),
  ]
  public var outputs = 1
  public var base = 32
  public var depth = 4
  public var batchNorm = false
  public var up = UNet.Up.transpose
  public var supervise = 0.0
  public var prune: Int?
  public var activation: any Layer = ReLU()

  public init(
    outputs: Int = 1, base: Int = 32, depth: Int = 4, batchNorm: Bool = false, up: UNet.Up = .transpose,
    supervise: Double = 0, prune: Int? = nil, activation: any Layer = ReLU()
  ) {
    (self.outputs, self.base, self.depth, self.batchNorm, self.up) = (outputs, base, depth, batchNorm, up)
    (self.supervise, self.prune, self.activation) = (supervise, prune, activation)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    outputs = try arguments.whole("outputs") ?? 1
    base = try arguments.whole("base", to: 1 << 16) ?? 32
    depth = try arguments.whole("depth", to: 12) ?? 4
    batchNorm = arguments.boolean("batch-norm") ?? false
    up = arguments.text("up").flatMap(UNet.Up.init(rawValue:)) ?? .transpose
    supervise = try arguments.number("supervise", in: 0...1e6) ?? 0
    prune = try arguments.whole("prune", to: depth)
    activation = Stack.activation(arguments, decoding)
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("outputs", outputs, unless: 1) { .integer($0) }
    keys.add("base", base, unless: 32) { .integer($0) }
    keys.add("depth", depth, unless: 4) { .integer($0) }
    keys.add("batch-norm", batchNorm, unless: false) { .boolean($0) }
    keys.add("up", up, unless: .transpose) { .text($0.rawValue) }
    keys.add("supervise", supervise, unless: 0) { .number($0) }
    keys.add("prune", prune.map { .integer($0) })
    keys.add("activation", Stack.configuration(of: activation))
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    _ = try network.spatialRank(input, "a UNet")
    guard (1...12).contains(depth), (1...1 << 16).contains(base) else {
      throw network.error("a UNet needs a depth from 1 to 12 and a base above 0", input)
    }
    let columns = min(depth, prune ?? depth)
    guard columns >= 1 else { throw network.error("at least one column must be kept", input) }
    try network.requireDivisible(input, by: 1 << columns, "a UNet of depth \(columns)")
    func stack(_ level: Int) -> Block {
      Block(Stack.convolutions(base << level, batchNorm: batchNorm, activation: activation))
    }
    var first: [Value] = []
    for level in 0...columns {
      let finer = first.last
      first.append(
        try network.scoped("nodes.\(level).0") { network throws(GraphError) in
          let from = if let finer { try MaxPool(2).apply(finer, in: &network) } else { input }
          return try stack(level).apply(from, in: &network)
        })
    }
    let finest = try network.nested(first, up: { up.layer(base << $0) }, node: stack)
    var output = first[0]
    for (index, value) in finest.enumerated() {
      let isLast = index == finest.count - 1
      guard isLast || supervise > 0 else { continue }
      let made = try network.apply("heads.\(index + 1)", Conv(outputs, kernel: 1), value)
      if isLast { output = made } else { network.addOutput("heads.\(index + 1)", made, weight: supervise) }
    }
    return output
  }

  public func declaredShape(_ input: Shape) -> Shape? { input.with(channels: outputs) }
}

extension UNet.Up {
  /// Twice the size, with `width` channels.
  func layer(_ width: Int) -> any Layer {
    switch self {
    case .transpose:
      ConvTranspose(width, kernel: 2, stride: 2)
    case .bilinear:
      Block {
        Conv(width, kernel: 1)
        Resize(scale: 2, .bilinear)
      }
    case .nearest:
      Block {
        Conv(width, kernel: 1)
        Resize(scale: 2, .nearest)
      }
    }
  }
}

extension NetworkBuilder {
  /// The nodes between the encoder's column (`first`, finest level first) and the output, column by column: node (l, c)
  /// of all nodes (l, 0 ..< c) and of (l + 1, c - 1), enlarged.
  /// - Returns: the nodes of the finest level, without the encoder's.
  mutating func nested(
    _ first: [Value], up: (_ level: Int) -> any Layer, node: (_ level: Int) -> Block
  ) throws(GraphError) -> [Value] {
    var rows = first.map { [$0] }
    for column in 1..<max(1, first.count) {
      for level in 0..<first.count - column {
        let value = try scoped("nodes.\(level).\(column)") { network throws(GraphError) in
          let raised = try network.apply("up", up(level), rows[level + 1][column - 1])
          let all = try network.concatenated(rows[level] + [raised], .error, "the skip")
          return try node(level).apply(all, in: &network)
        }
        rows[level].append(value)
      }
    }
    return Array(rows.first?.dropFirst() ?? [])
  }
}
