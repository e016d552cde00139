import Tensors

/// Computes convolutions, and what lies between them, on blocked values (`Lanes`), which are converted only where such
/// a region begins and ends.
///
/// In order, node by node: a two-dimensional convolution takes a blocked input where that pays (`ConvolutionChoice`);
/// other operators that have a blocked form follow when what they read is in blocks already; all others read plain
/// values. An addition behind a convolution, and an activation behind that, become part of the convolution.
enum AssignLayouts {
  static func run(_ graph: Graph, _ goals: Goals, _ options: LayoutOptions) throws(GraphError) -> (
    graph: Graph, goals: Goals
  ) {
    var pass = try LayoutAssignment(graph, goals, options)
    return try pass.run()
  }
}

/// A value in blocks: where, what the lanes hold, and a bound of the numbers in lanes without a channel.
struct BlockedForm {
  let value: Value
  let lanes: Lanes
  let rest: Double

  /// More than twice the memory of the plain value: not worth to be followed.
  var isSparse: Bool { lanes.blocks * Lanes.width > 2 * lanes.channels }
}

struct LayoutAssignment {
  private let graph: Graph
  private var rewrite: Rewrite
  private let choice: ConvolutionChoice
  /// The blocked forms of old values.
  private var blocked: [Value: BlockedForm] = [:]
  /// Old values that have a plain form in the new graph.
  private var plain: Set<Value> = []
  /// The convolution that becomes part of an addition, by the addition; nodes that are part of a later one.
  private var addends: [Int: Int] = [:]
  /// The convolution whose result goes backward through a rectifier, by the rectifier's gradient.
  private var seeds: [Int: Int] = [:]
  private var deferred: Set<Int> = []
  private var done: Set<Int> = []

  init(_ graph: Graph, _ goals: Goals, _ options: LayoutOptions) throws(GraphError) {
    self.graph = graph
    rewrite = try Rewrite(graph, goals)
    choice = ConvolutionChoice(options: options)
  }

  mutating func run() throws(GraphError) -> (graph: Graph, goals: Goals) {
    findResiduals()
    findMasks()
    for index in rewrite.order where !deferred.contains(index) && !done.contains(index) {
      if try convolution(index) { continue }
      if try residual(index) { continue }
      if try mask(index) { continue }
      if try weightGradient(index) { continue }
      if try follow(index) { continue }
      try copyPlain(index)
    }
    for value in rewrite.wanted { _ = try plainValue(value) }
    return try rewrite.finish()
  }

  // MARK: values

  /// The plain form of an old value: made from blocks when there is no other.
  private mutating func plainValue(_ value: Value) throws(GraphError) -> Value {
    if !plain.contains(value), let form = blocked[value] {
      let made = try rewrite.new.one(FromBlocked(lanes: form.lanes), form.value)
      try rewrite.replace(value, by: made)
    }
    plain.insert(value)
    return try rewrite.value(value)
  }

  private mutating func blockedValue(_ value: Value) throws(GraphError) -> BlockedForm {
    if let form = blocked[value] { return form }
    let source = try plainValue(value)
    let form = BlockedForm(
      value: try rewrite.new.one(ToBlocked(), source), lanes: Lanes(channels: graph.shape(value)[1]), rest: 0)
    blocked[value] = form
    return form
  }

  private mutating func copyPlain(_ index: Int) throws(GraphError) {
    let node = graph.nodes[index]
    rewrite.new.path = node.call.path
    for input in node.call.inputs { _ = try plainValue(input) }
    try rewrite.copy(index)
    plain.formUnion(node.call.outputs)
  }

  /// The only reader of a value that is nobody's goal.
  private func soleReader(_ value: Value) -> Int? {
    rewrite.wanted.contains(value) || rewrite.readers[value.index].count != 1
      ? nil : rewrite.readers[value.index].first
  }

  // MARK: convolutions

  /// A convolution or its adjoint (a transposed convolution, the gradient of an input) in two dimensions.
  private struct Layer {
    let plan: ConvolutionPlan
    let isAdjoint: Bool
    let activation: Activation?
  }

  private func layer(_ index: Int) -> Layer? {
    let node = graph.nodes[index]
    let shapes = node.call.inputs.map(graph.shape)
    guard shapes.allSatisfy({ $0.count > 0 }), shapes.first?.rank == 4 else { return nil }
    if let conv = node.op as? Conv, let plan = try? conv.plan(shapes) {
      return Layer(plan: plan, isAdjoint: false, activation: conv.activation)
    }
    if let conv = node.op as? ConvTranspose, let plan = try? conv.plan(shapes) {
      return Layer(plan: plan, isAdjoint: true, activation: conv.activation)
    }
    if let gradient = node.op as? ConvInputGradient, let plan = try? gradient.plan(shapes) {
      return Layer(plan: plan, isAdjoint: true, activation: nil)
    }
    return nil
  }

  /// Whether a value is read where only a plain one is: then one in blocks must be converted.
  private func isReadPlain(_ value: Value) -> Bool {
    rewrite.wanted.contains(value)
      || rewrite.readers[value.index].contains { layer($0) == nil && !graph.nodes[$0].op.mayBeInBlocks }
  }

  /// What a convolution becomes; nil when it stays plain.
  private func choose(_ index: Int, residual: Bool = false) -> BlockedConvolution? {
    guard let layer = layer(index) else { return nil }
    let node = graph.nodes[index]
    let (x, y) = (node.call.inputs[0], node.call.outputs[0])
    let known = blocked[x]
    let lanes = known?.lanes ?? Lanes(channels: graph.shape(x)[1])
    let isPlain = known == nil || plain.contains(x)
    let isReadPlain = isReadPlain(y)
    func filled(_ value: Value, _ lanes: Lanes) -> Double {
      Double(graph.shape(value).count / max(1, lanes.channels) * lanes.blocks * Lanes.width)
    }
    let filters = Lanes(channels: graph.shape(y)[1])
    var best: (convolution: BlockedConvolution?, cost: Double) = (
      nil,
      ConvolutionChoice.plainCost(layer.plan) + ConvolutionChoice.movedNumber
        * ((isPlain ? 0 : filled(x, lanes)) + (isReadPlain ? 0 : filled(y, filters)))
    )
    if residual { best.cost = .infinity }
    for (convolution, cost) in choice.ways(layer.plan, isAdjoint: layer.isAdjoint, lanes: lanes) {
      if residual, convolution.makesPlain { continue }
      var moved = 0.0
      if convolution.readsPlain ? !isPlain : known == nil { moved += filled(x, lanes) }
      let isPlainWanted = isReadPlain || pooled(index, layer, convolution) != nil
      if convolution.makesPlain ? !isPlainWanted : isReadPlain { moved += filled(y, filters) }
      let total = cost + moved * ConvolutionChoice.movedNumber
      if total < best.cost { best = (convolution, total) }
    }
    return best.convolution
  }

  /// Adds the nodes of a convolution, whose result is that of the node `result`.
  private mutating func addConvolution(
    _ index: Int, _ convolution: BlockedConvolution, activation: Activation?, residual: BlockedForm? = nil,
    mask: (form: BlockedForm, slope: Double)? = nil, result: Value
  ) throws(GraphError) {
    let node = graph.nodes[index]
    var weights: [Value] = []
    for value in node.call.inputs.dropFirst() { weights.append(try plainValue(value)) }
    rewrite.new.path = node.call.path
    let packed = try rewrite.new.apply(PackedWeights(convolution: convolution), weights)[0]
    let x = node.call.inputs[0]
    let input = convolution.readsPlain ? try plainValue(x) : try blockedValue(x).value
    rewrite.new.path = node.call.path
    let op = BlockedConv(
      convolution, activation: activation, hasResidual: residual != nil, maskSlope: mask?.slope)
    let others = [residual?.value, mask?.form.value].compactMap(\.self)
    let made = try rewrite.new.apply(op, [input, packed] + others)[0]
    if convolution.makesPlain {
      try rewrite.replace(result, by: made)
      plain.insert(result)
    } else {
      blocked[result] = BlockedForm(
        value: made, lanes: convolution.outputLanes, rest: Self.rest(activation, residual) ?? 0)
    }
  }

  private mutating func convolution(_ index: Int) throws(GraphError) -> Bool {
    guard let layer = layer(index), Self.rest(layer.activation, nil) != nil, let convolution = choose(index)
    else { return false }
    if let (pool, pooling) = pooled(index, layer, convolution) {
      done.insert(pool)
      try addConvolution(
        index, pooling, activation: layer.activation, result: graph.nodes[pool].call.outputs[0])
      return true
    }
    try addConvolution(
      index, convolution, activation: layer.activation, result: graph.nodes[index].call.outputs[0])
    return true
  }

  /// The maximum over 2 x 2 that alone reads a convolution between plain values, and the convolution with it.
  private func pooled(_ index: Int, _ layer: Layer, _ convolution: BlockedConvolution)
    -> (pool: Int, convolution: BlockedConvolution)?
  {
    let y = graph.nodes[index].call.outputs[0]
    guard convolution.way == .plain, layer.activation == nil || layer.activation?.inKernel != nil,
      let reader = soleReader(y), let pool = graph.nodes[reader].op as? MaxPool, !pool.indices,
      let pooling = BlockedConvolution(
        convolution.plan, lanes: convolution.lanes, way: .plain, pools: true),
      pool.window == PoolWindow(kernel: [2, 2], ceilMode: pool.window.ceilMode),
      (try? pooling.outputShape()) == graph.shape(graph.nodes[reader].call.outputs[0])
    else { return nil }
    return (reader, pooling)
  }

  /// The bound of the lanes without a channel, where weights and bias are 0; nil when there is none.
  private static func rest(_ activation: Activation?, _ residual: BlockedForm?) -> Double? {
    guard let function = activation?.op else { return residual?.rest ?? 0 }
    let rest = residual.map { function.bound($0.rest) } ?? abs(function.apply(0.0))
    return rest.flatMap { isUsable($0) ? $0 : nil }
  }

  // MARK: residual additions

  /// Finds additions whose one operand is a convolution that nothing else reads: the later one of two.
  private mutating func findResiduals() {
    for index in rewrite.order {
      let node = graph.nodes[index]
      guard node.op is Add, node.call.inputs.count == 2,
        graph.shape(node.call.inputs[0]) == graph.shape(node.call.inputs[1]),
        node.call.inputs[0] != node.call.inputs[1]
      else { continue }
      let candidates = node.call.inputs.compactMap { value -> Int? in
        guard soleReader(value) == index, case .node(let source, output: 0) = graph.origin(value),
          let layer = layer(source), layer.activation == nil, !layer.isAdjoint, layer.plan.groups == 1,
          !Lanes.isSparse(layer.plan.filters), !Lanes.isSparse(layer.plan.channels)
        else { return nil }
        return source
      }
      guard let last = candidates.max() else { continue }
      addends[index] = last
      deferred.insert(last)
    }
  }

  private mutating func residual(_ index: Int) throws(GraphError) -> Bool {
    guard let source = addends[index] else { return false }
    let (node, conv) = (graph.nodes[index], graph.nodes[source])
    let inner = conv.call.outputs[0]
    let other = node.call.inputs.first { $0 != inner } ?? node.call.inputs[0]
    guard let convolution = choose(source, residual: true),
      blocked[other]?.lanes ?? convolution.outputLanes == convolution.outputLanes
    else {
      // No kernel, or the channels lie otherwise: two steps.
      if try !self.convolution(source) { try copyPlain(source) }
      return false
    }
    rewrite.new.path = node.call.path
    let residual = try blockedValue(other)
    var (result, activation) = (node.call.outputs[0], Activation?.none)
    if let reader = soleReader(result), let function = graph.nodes[reader].op as? any UnaryOperator,
      Self.rest(Activation(function), residual) != nil
    {
      (result, activation) = (graph.nodes[reader].call.outputs[0], Activation(function))
      done.insert(reader)
    }
    try addConvolution(source, convolution, activation: activation, residual: residual, result: result)
    return true
  }

  // MARK: rectifiers backward

  /// Finds gradients of rectifiers whose seed is a convolution that nothing else reads.
  private mutating func findMasks() {
    for index in rewrite.order {
      let node = graph.nodes[index]
      guard node.op is UnaryGradient<Relu> || node.op is UnaryGradient<LeakyRelu>,
        node.call.inputs.count == 2,
        soleReader(node.call.inputs[1]) == index,
        case .node(let source, output: 0) = graph.origin(node.call.inputs[1]),
        let layer = layer(source), layer.activation == nil, !deferred.contains(source),
        !Lanes.isSparse(graph.shape(node.call.inputs[1])[1])
      else { continue }
      // The mask is the rectifier's output; with a negative slope it would be its input.
      if let leaky = node.op as? UnaryGradient<LeakyRelu>, leaky.op.slope < 0 { continue }
      seeds[index] = source
      deferred.insert(source)
    }
  }

  private mutating func mask(_ index: Int) throws(GraphError) -> Bool {
    guard let source = seeds[index] else { return false }
    let node = graph.nodes[index]
    guard let form = blocked[node.call.inputs[0]], let convolution = choose(source, residual: true),
      form.lanes == convolution.outputLanes
    else {
      if try !self.convolution(source) { try copyPlain(source) }
      return false
    }
    let slope = (node.op as? UnaryGradient<LeakyRelu>)?.op.slope ?? 0
    try addConvolution(
      source, convolution, activation: nil, mask: (form, slope), result: node.call.outputs[0])
    return true
  }

  // MARK: gradients of weights

  /// Those of a first or last convolution, whose few channels or filters are read as they lie: blocks of them would be
  /// zeros mostly.
  private mutating func weightGradient(_ index: Int) throws(GraphError) -> Bool {
    let node = graph.nodes[index]
    guard let gradient = node.op as? ConvWeightGradient,
      let plan = try? gradient.plan(node.call.inputs.map(graph.shape)), plan.groups == 1
    else { return false }
    let (x, seed) = (node.call.inputs[0], node.call.inputs[1])
    func isPlain(_ value: Value) -> Bool { blocked[value] == nil || plain.contains(value) }
    let (way, other): (BlockedWeightGradient.Way, Value)
    if plan.channels <= 6, isPlain(x) {
      (way, other) = (.first, seed)
    } else if plan.filters <= 6, isPlain(seed) {
      (way, other) = (.last, x)
    } else {
      return false
    }
    guard let form = blocked[other], form.lanes.isPlain, let op = BlockedWeightGradient(plan, way: way) else {
      return false
    }
    let (from, to) = way == .first ? (try plainValue(x), form.value) : (form.value, try plainValue(seed))
    rewrite.new.path = node.call.path
    let made = try rewrite.new.one(op, from, to)
    try rewrite.replace(node.call.outputs[0], by: made)
    plain.insert(node.call.outputs[0])
    return true
  }

  // MARK: what follows

  /// Numbers in lanes without a channel are multiplied with weights of zero: they must be finite, and small.
  private static func isUsable(_ rest: Double) -> Bool { rest <= 1e6 }

  /// Computes a node in blocks when what it reads is, and it can be.
  private mutating func follow(_ index: Int) throws(GraphError) -> Bool {
    let node = graph.nodes[index]
    let forms = node.call.inputs.map { blocked[$0] }
    // Most of what is read is in blocks, and they are well filled.
    let (inside, outside) = zip(node.call.inputs, forms).reduce(into: (0, 0)) { sums, one in
      let count = graph.shape(one.0).count
      if let form = one.1, !form.isSparse { sums.0 += count } else { sums.1 += count }
    }
    // Gradients go on in blocks where they meet what was in blocks forward.
    guard inside > outside || inside == outside && node.op.mayBeGradientInBlocks,
      let made = node.op.inBlocks(
        zip(node.call.inputs, forms).map { value, form in
          BlockedOperand(shape: graph.shape(value), lanes: form?.lanes, rest: form?.rest ?? 0)
        }, choice.options), Self.isUsable(made.rest)
    else { return false }
    rewrite.new.path = node.call.path
    var inputs: [Value] = []
    for (value, stays) in zip(node.call.inputs, made.staysPlain) {
      inputs.append(stays ? try plainValue(value) : try blockedValue(value).value)
    }
    rewrite.new.path = node.call.path
    let outputs = try rewrite.new.apply(made.op, inputs)
    for (position, value) in node.call.outputs.enumerated() {
      if position == 0, let lanes = made.lanes {
        blocked[value] = BlockedForm(value: outputs[0], lanes: lanes, rest: made.rest)
      } else {
        try rewrite.replace(value, by: outputs[position])
        plain.insert(value)
      }
    }
    return true
  }
}

extension Lanes {
  static func isSparse(_ channels: Int) -> Bool { blocks(channels) * width > 2 * channels }
}
