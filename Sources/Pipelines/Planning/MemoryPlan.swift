import GridFiles
import Grids
import Stages

/// How an item is computed in the memory that is allowed: which results are kept, in which tiles they are
/// made, and how the outputs are cut into tasks.
struct MemoryPlan: Sendable {
  struct Kept: Sendable {
    let node: Int
    let tiles: [Region]
    /// In memory, or else in a scratch file.
    let inMemory: Bool
    let bytes: Int
  }
  var kept: [Kept] = []
  /// Held once, from their first use to the end: networks that are applied. By node.
  var shared: [Int: Int] = [:]
  /// The most memory at a time while a computation runs that reads for itself: what it holds, what is kept
  /// until then, and what the nodes before it hold.
  var readingPeak = 0
  /// For each output.
  var cuts: [OutputLayout.Cut] = []
  /// Memory for all tasks that run at a time.
  var taskBudget = 0
  /// See `Trace`.
  var windowLimit = 0
  /// The dearest task.
  var largestTask = 0
  var fileBytes = 0
  var operations = 0.0
  var tasks = 0

  /// What cannot be done in the memory allowed.
  struct Excess: Error {
    let needed: Int
    let allowed: Int
    let node: Int
  }
}

struct MemoryPlanner {
  let graph: ComputationGraph
  let outputs: [(node: Int, layout: OutputLayout)]
  let threads: Int
  /// For tasks, shared memory and kept results together.
  let budget: Int

  /// Tasks in flight: two for each worker, so that one computes while another reads or waits to write.
  var inFlight: Int { 2 * threads }

  /// Held windows take a quarter of what a task has.
  var windowLimit: Int { budget / inFlight / 4 }

  func plan() throws(MemoryPlan.Excess) -> MemoryPlan {
    var kept = Set<Int>()
    let reached = reachedNodes()
    var result = MemoryPlan()
    for node in reached {
      guard let computation = graph.computation(NodeID(node)) else { continue }
      let isReading = computation is any ReadingComputation
      let isWhole = computation.isWhole || computation.effect != nil
      if isReading { kept.formUnion(graph.nodes[node].inputs.map(\.index)) }
      let shared = isReading ? 0 : computation.sharedBytes(threads: threads)
      if shared > 0 { result.shared[node] = shared }
      guard computation.isKept else { continue }
      let readers = reached.filter { graph.nodes[$0].inputs.contains(NodeID(node)) }.count
      if isWhole || readers > 0
        || outputs.filter({ $0.node == node }).count > 1
      {
        kept.insert(node)
      }
    }
    let sharedSum = result.shared.values.reduce(0, +)
    let budget = self.budget - sharedSum
    guard budget > 0 else {
      let node = result.shared.max { $0.value < $1.value }?.key ?? 0
      throw .init(needed: sharedSum + (8 << 20), allowed: self.budget, node: node)
    }
    // A result so large that one chunk of an output cannot be computed through it is kept as well.
    for output in outputs {
      let smallest = OutputLayout.Cut(level: 4, size: 1)
      while case let worst = worstTask(output, smallest, kept), worst.peak > budget {
        guard let next = heaviest(worst, output.layout, kept) else {
          throw .init(needed: worst.peak + sharedSum, allowed: self.budget, node: output.node)
        }
        kept.insert(next)
      }
    }
    var left = budget
    var keptBytes = 0
    for node in kept.sorted() {
      let bytes = Block.bytes(graph.description(NodeID(node)).whole)
      let inMemory = bytes <= budget / 4 && bytes <= left - budget / 2
      if inMemory { (left, keptBytes) = (left - bytes, keptBytes + bytes) }
      if let reading = graph.computation(NodeID(node)) as? any ReadingComputation {
        let needed = try whole(node, reading, left: left, kept: kept, shared: result.shared)
        result.readingPeak = max(result.readingPeak, keptBytes + needed.bytes)
        result.kept.append(
          .init(
            node: node, tiles: [graph.description(NodeID(node)).whole], inMemory: inMemory, bytes: bytes))
        result.operations += needed.operations
        result.tasks += 1
        continue
      }
      let (tiles, cost) = try tiles(of: node, kept: kept, budget: left)
      result.kept.append(.init(node: node, tiles: tiles, inMemory: inMemory, bytes: bytes))
      result.largestTask = max(result.largestTask, cost.peak)
      result.fileBytes += cost.fileBytes
      result.operations += cost.operations
      result.tasks += tiles.count
    }
    result.taskBudget = left
    result.windowLimit = windowLimit
    for output in outputs {
      let (cut, cost) = try self.cut(output, kept: kept, budget: left)
      result.cuts.append(cut)
      result.largestTask = max(result.largestTask, cost.peak)
      result.fileBytes += cost.fileBytes
      result.operations += cost.operations
      result.tasks += output.layout.runCount(cut)
    }
    return result
  }

  /// The memory of a computation that reads for itself, beside kept results: it runs alone.
  private func whole(
    _ node: Int, _ reading: any ReadingComputation, left: Int, kept: Set<Int>, shared: [Int: Int]
  ) throws(MemoryPlan.Excess) -> (bytes: Int, operations: Double) {
    let trace = Trace(
      graph, kept: kept, windowLimit: windowLimit,
      Request(node: node, region: reading.output.whole), asComputed: true)
    let bytes = trace.peak + reading.sharedBytes(threads: threads)
    guard bytes <= left else {
      throw .init(needed: bytes + self.budget - left, allowed: self.budget, node: node)
    }
    let before = reachedNodes(from: graph.nodes[node].inputs.map(\.index))
    return (bytes + before.reduce(0) { $0 + (shared[$1] ?? 0) }, trace.operations)
  }

  /// What outputs and effects are made from.
  private func reachedNodes() -> [Int] {
    reachedNodes(from: outputs.map(\.node) + graph.effects.map(\.node.index))
  }

  private func reachedNodes(from roots: [Int]) -> [Int] {
    var seen = Set<Int>()
    var stack = roots
    while let node = stack.popLast() {
      if seen.insert(node).inserted { stack += graph.nodes[node].inputs.map(\.index) }
    }
    return seen.sorted()
  }

  // MARK: tasks of an output

  struct Cost {
    var peak = 0
    var fileBytes = 0
    var operations = 0.0
    var worst: Trace?
  }

  /// Memory of a task: the evaluation, or its result while it is encoded.
  static func bytes(_ trace: Trace, _ layout: OutputLayout, _ run: OutputLayout.Run) -> Int {
    let chunk = layout.chunkCount
    let encoding = Block.bytes(layout.region(run)) + layout.chunks(in: run) * chunk * 4 + chunk * 12
    return max(trace.peak, encoding)
  }

  /// Some runs stand for all: the ends, and places between.
  private func sample(_ count: Int) -> [Int] {
    let wanted = 9
    return count <= wanted ? Array(0..<count) : (0..<wanted).map { $0 * (count - 1) / (wanted - 1) }
  }

  private func cost(_ output: (node: Int, layout: OutputLayout), _ cut: OutputLayout.Cut, _ kept: Set<Int>)
    -> Cost
  {
    let count = output.layout.runCount(cut)
    let samples = sample(count)
    var cost = Cost()
    for index in samples {
      let run = output.layout.run(index, cut)
      let trace = Trace(
        graph, kept: kept, windowLimit: windowLimit,
        Request(node: output.node, region: output.layout.region(run)))
      let bytes = Self.bytes(trace, output.layout, run)
      if bytes > cost.peak || cost.worst == nil { (cost.peak, cost.worst) = (bytes, trace) }
      cost.fileBytes += trace.fileBytes
      cost.operations += trace.operations
    }
    let scale = Double(count) / Double(max(1, samples.count))
    cost.fileBytes = Int(exactly: (Double(cost.fileBytes) * scale).rounded()) ?? 0
    cost.operations *= scale
    return cost
  }

  private func worstTask(
    _ output: (node: Int, layout: OutputLayout), _ cut: OutputLayout.Cut, _ kept: Set<Int>
  ) -> (peak: Int, trace: Trace?) {
    let cost = cost(output, cut, kept)
    return (cost.peak, cost.worst)
  }

  /// The computation whose own step needs the most memory and that is not kept yet.
  private func heaviest(
    _ worst: (peak: Int, trace: Trace?), _ layout: OutputLayout, _ kept: Set<Int>
  ) -> Int? {
    worst.trace?.workingSets.filter { !kept.contains($0.key) }.max {
      ($0.value, $1.key) < ($1.value, $0.key)
    }?
    .key
  }

  private func cut(_ output: (node: Int, layout: OutputLayout), kept: Set<Int>, budget: Int)
    throws(MemoryPlan.Excess) -> (OutputLayout.Cut, Cost)
  {
    let layout = output.layout
    // Large enough to be worth a task, small enough that all workers have some.
    let target = min(budget / inFlight, 256 << 20)
    for level in 0..<5 {
      func fits(_ size: Int) -> Cost? {
        let cost = cost(output, .init(level: level, size: size), kept)
        return cost.peak <= target ? cost : nil
      }
      guard let least = fits(1) else { continue }
      let outer = layout.counts[..<level].reduce(1, *)
      // At least four tasks a worker where there are so many chunks.
      let pieces = max(1, (4 * threads + outer - 1) / outer)
      let most = max(1, layout.counts[level] / pieces)
      var best = (size: 1, cost: least)
      var (low, high) = (1, most)
      while low < high {
        let middle = (low + high + 1) / 2
        if let cost = fits(middle) {
          (best, low) = ((middle, cost), middle)
        } else {
          high = middle - 1
        }
      }
      if level == 0 {
        let grain = timeGrain(output.node)
        if best.size > grain, grain > 1 { best.size -= best.size % grain }
      }
      let cut = OutputLayout.Cut(level: level, size: best.size)
      return (cut, cost(output, cut, kept))
    }
    let cut = OutputLayout.Cut(level: 4, size: 1)
    let least = cost(output, cut, kept)
    guard least.peak <= budget else {
      throw .init(needed: least.peak + self.budget - budget, allowed: self.budget, node: output.node)
    }
    return (cut, least)
  }

  /// How many steps are stored together in the sources, when the node has their times.
  private func timeGrain(_ node: Int) -> Int {
    let times = graph.description(NodeID(node)).timeCount
    var grain = 1
    for node in reachedNodes() {
      guard case .source(let source) = graph.nodes[node].content, source.output.timeCount == times else {
        continue
      }
      grain = max(grain, source.grain.times)
    }
    return grain
  }

  // MARK: tiles of a kept result

  private func tiles(of node: Int, kept: Set<Int>, budget: Int) throws(MemoryPlan.Excess) -> ([Region], Cost)
  {
    let whole = graph.description(NodeID(node)).whole
    if graph.computation(NodeID(node))?.isWhole == true {
      let cost = cost(node, [whole], kept)
      guard cost.peak <= budget else {
        throw .init(needed: cost.peak + self.budget - budget, allowed: self.budget, node: node)
      }
      return ([whole], cost)
    }
    let target = min(budget / inFlight, 256 << 20)
    var best: ([Region], Cost)?
    for allowed in [target, budget] {
      for shape in shapes(whole, { fits(node, $0, kept, allowed) }) {
        let tiles = shape.tiles(of: whole)
        let cost = cost(node, tiles, kept)
        if cost.peak <= allowed, cost.fileBytes < best?.1.fileBytes ?? .max { best = (tiles, cost) }
      }
      if let best { return best }
    }
    let smallest = TileShape(whole, variables: 1, times: 1, layers: 1, rows: 1)
    let cost = cost(node, smallest.tiles(of: whole), kept)
    throw .init(needed: cost.peak + self.budget - budget, allowed: self.budget, node: node)
  }

  private func fits(_ node: Int, _ tile: Region, _ kept: Set<Int>, _ allowed: Int) -> Bool {
    Trace(graph, kept: kept, windowLimit: windowLimit, Request(node: node, region: tile), asComputed: true)
      .peak <= allowed
  }

  private func cost(_ node: Int, _ tiles: [Region], _ kept: Set<Int>) -> Cost {
    let samples = sample(tiles.count)
    var cost = Cost()
    for index in samples {
      let trace = Trace(
        graph, kept: kept, windowLimit: windowLimit, Request(node: node, region: tiles[index]),
        asComputed: true)
      cost.peak = max(cost.peak, trace.peak)
      cost.fileBytes += trace.fileBytes
      cost.operations += trace.operations
    }
    let scale = Double(tiles.count) / Double(max(1, samples.count))
    cost.fileBytes = Int(exactly: (Double(cost.fileBytes) * scale).rounded()) ?? 0
    cost.operations *= scale
    return cost
  }

  struct TileShape {
    var variables: Int
    var times: Int
    var layers: Int
    var rows: Int

    init(_ whole: Region, variables: Int? = nil, times: Int? = nil, layers: Int? = nil, rows: Int? = nil) {
      self.variables = variables ?? whole.variables.count
      self.times = times ?? whole.times.count
      self.layers = layers ?? whole.layers.count
      self.rows = rows ?? whole.rows.count
    }

    func tiles(of whole: Region) -> [Region] {
      func cuts(_ range: Range<Int>, _ step: Int) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: max(1, step)).map {
          $0..<min($0 + max(1, step), range.upperBound)
        }
      }
      return cuts(whole.times, times).flatMap { times in
        cuts(whole.variables, variables).flatMap { variables in
          cuts(whole.layers, layers).flatMap { layers in
            cuts(whole.rows, rows).map {
              Region(variables: variables, times: times, layers: layers, rows: $0, columns: whole.columns)
            }
          }
        }
      }
    }
  }

  /// The largest tiles that fit, cut along rows, along time, or along everything.
  private func shapes(_ whole: Region, _ fits: (Region) -> Bool) -> [TileShape] {
    func first(_ shape: TileShape) -> Region? { shape.tiles(of: whole).first }
    func largest(_ most: Int, _ shape: (Int) -> TileShape) -> TileShape? {
      func ok(_ size: Int) -> Bool { first(shape(size)).map(fits) ?? true }
      guard ok(1) else { return nil }
      var (low, high) = (1, max(1, most))
      while low < high {
        let middle = (low + high + 1) / 2
        if ok(middle) { low = middle } else { high = middle - 1 }
      }
      return shape(low)
    }
    let (times, rows) = (whole.times.count, whole.rows.count)
    var shapes: [TileShape] = []
    if let shape = largest(times, { TileShape(whole, times: $0) }) { shapes.append(shape) }
    if let shape = largest(rows, { TileShape(whole, rows: $0) }) { shapes.append(shape) }
    if shapes.isEmpty {
      for candidate in [
        largest(rows, { TileShape(whole, variables: 1, layers: 1, rows: $0) }),
        largest(times, { TileShape(whole, variables: 1, times: $0, layers: 1) }),
        largest(rows, { TileShape(whole, variables: 1, times: 1, layers: 1, rows: $0) }),
      ] {
        if let candidate { shapes.append(candidate) }
      }
    }
    return shapes
  }
}
