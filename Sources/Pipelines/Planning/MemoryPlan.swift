import GridFiles
import Grids
import Stages

/// How an item is computed in the memory that is allowed: which results are kept, in which tiles they are
/// made, how the outputs are cut into tasks, and what is held at each moment.
struct MemoryPlan: Sendable {
  struct Kept: Sendable {
    let node: Int
    let tiles: [Region]
    /// In memory, or else in a scratch file.
    let inMemory: Bool
    let bytes: Int
  }
  /// What is done at a time: a kept result is made, or an output written. Nothing else runs meanwhile.
  struct Step: Sendable {
    /// Kept results and networks that are in memory from before it or until after it, in bytes.
    var held = 0
    /// Memory for all its tasks that run at a time.
    var taskBudget = 0
    /// Its dearest task.
    var largestTask = 0
    var tasks = 0
    /// Networks, by node, that are not applied after it.
    var releases: [Int] = []
    /// Kept results that nothing needs after it.
    var forgets: [Int] = []

    /// The most memory beside the program itself.
    func peak(inFlight: Int) -> Int {
      held + max(largestTask, min(taskBudget, largestTask * min(tasks, inFlight)))
    }
  }
  var kept: [Kept] = []
  /// For each output.
  var cuts: [OutputLayout.Cut] = []
  /// One for each of `kept`, then one for each of `cuts`.
  var steps: [Step] = []
  /// See `Trace`.
  var windowLimit = 0
  var fileBytes = 0
  var operations = 0.0

  var largestTask: Int { steps.map(\.largestTask).max() ?? 0 }
  var tasks: Int { steps.reduce(0) { $0 + $1.tasks } }
  /// The most memory beside the program itself.
  func peak(inFlight: Int) -> Int { steps.map { $0.peak(inFlight: inFlight) }.max() ?? 0 }

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
  /// For tasks, networks and kept results together.
  let budget: Int
  /// Networks that are applied: held from the first step that uses them to the last. By node.
  private let shared: [Int: Int]
  /// Held windows take a quarter of what a task has.
  let windowLimit: Int

  init(graph: ComputationGraph, outputs: [(node: Int, layout: OutputLayout)], threads: Int, budget: Int) {
    (self.graph, self.outputs, self.threads, self.budget) = (graph, outputs, threads, budget)
    var shared: [Int: Int] = [:]
    for (node, content) in graph.nodes.map(\.content).enumerated() {
      guard case .computation(let computation) = content, !(computation is any ReadingComputation) else {
        continue
      }
      let bytes = computation.sharedBytes(threads: threads)
      if bytes > 0 { shared[node] = bytes }
    }
    self.shared = shared
    let left = max(budget / 8, budget - (shared.values.max() ?? 0))
    windowLimit = left / (2 * threads) / 4
  }

  /// Tasks in flight: two for each worker, so that one computes while another reads or waits to write.
  var inFlight: Int { 2 * threads }

  func plan() throws(MemoryPlan.Excess) -> MemoryPlan {
    var kept = keptAtLeast()
    // A result so large that one chunk of an output cannot be computed through it is kept as well.
    for output in outputs {
      while case let worst = worstTask(output, .smallest, kept),
        worst.peak > budget - (timeline(kept, outputs: [output.node]).networkBytes.last ?? 0),
        let next = heaviest(worst, output.layout, kept)
      {
        kept.insert(next)
      }
    }
    let timeline = timeline(kept)
    let minima = try minima(timeline, kept)
    var result = MemoryPlan(windowLimit: windowLimit)
    var held = timeline.networkBytes
    for (step, node) in timeline.made.enumerated() {
      let bytes = Block.bytes(graph.description(NodeID(node)).whole)
      let life = timeline.results[node] ?? step...step
      let inMemory = life.allSatisfy { other in
        let all = budget - timeline.networkBytes[other]
        let isAlone = other < timeline.made.count && isReading(timeline.made[other])
        return (isAlone || bytes <= all / 4)
          && held[other] + bytes + max(minima[other], isAlone ? 0 : all / 2) <= budget
      }
      if inMemory { for other in life { held[other] += bytes } }
      result.kept.append(.init(node: node, tiles: [], inMemory: inMemory, bytes: bytes))
    }
    func add(_ step: Int, _ cost: Cost, tasks: Int) {
      result.steps.append(
        .init(
          held: held[step], taskBudget: budget - held[step], largestTask: cost.peak, tasks: tasks,
          releases: timeline.networks.filter { $0.value.upperBound == step }.map(\.key).sorted(),
          forgets: timeline.results.filter { $0.value.upperBound == step }.map(\.key).sorted()))
      result.fileBytes += cost.fileBytes
      result.operations += cost.operations
    }
    for (step, entry) in result.kept.enumerated() {
      let (tiles, cost) = try tiles(of: entry.node, kept: kept, budget: budget - held[step])
      result.kept[step] = .init(
        node: entry.node, tiles: tiles, inMemory: entry.inMemory, bytes: entry.bytes)
      add(step, cost, tasks: tiles.count)
    }
    for (index, output) in outputs.enumerated() {
      let step = timeline.made.count + index
      let (cut, cost) = try self.cut(output, kept: kept, budget: budget - held[step])
      result.cuts.append(cut)
      add(step, cost, tasks: output.layout.runCount(cut))
    }
    return result
  }

  /// What is kept however much memory there is.
  private func keptAtLeast() -> Set<Int> {
    var kept = Set<Int>()
    let reached = reachedNodes()
    for node in reached {
      guard let computation = graph.computation(NodeID(node)) else { continue }
      let isWhole = computation.isWhole || computation.effect != nil
      if isReading(node) { kept.formUnion(graph.nodes[node].inputs.map(\.index)) }
      guard computation.isKept else { continue }
      let readers = reached.filter { graph.nodes[$0].inputs.contains(NodeID(node)) }.count
      if isWhole || readers > 0
        || outputs.filter({ $0.node == node }).count > 1
      {
        kept.insert(node)
      }
    }
    return kept
  }

  /// What outputs and effects are made from.
  private func reachedNodes() -> [Int] {
    var seen = Set<Int>()
    var stack = outputs.map(\.node) + graph.effects.map(\.node.index)
    while let node = stack.popLast() {
      if seen.insert(node).inserted { stack += graph.nodes[node].inputs.map(\.index) }
    }
    return seen.sorted()
  }

  private func timeline(_ kept: Set<Int>, outputs: [Int]? = nil) -> Timeline {
    Timeline(graph, kept: kept, outputs: outputs ?? self.outputs.map(\.node), networks: shared)
  }

  private func isReading(_ node: Int) -> Bool {
    graph.computation(NodeID(node)) is any ReadingComputation
  }

  /// The least memory that the tasks of each step can do with.
  private func minima(_ timeline: Timeline, _ kept: Set<Int>) throws(MemoryPlan.Excess) -> [Int] {
    var minima: [Int] = []
    for node in timeline.made { minima.append(cost(node, smallestTiles(of: node), kept).peak) }
    for output in outputs { minima.append(cost(output, .smallest, kept).peak) }
    // Of all that is too large the largest is told.
    var excess: MemoryPlan.Excess?
    for (step, least) in minima.enumerated() {
      let needed = least + timeline.networkBytes[step]
      guard needed > budget, needed > excess?.needed ?? 0 else { continue }
      let node = step < timeline.made.count ? timeline.made[step] : outputs[step - timeline.made.count].node
      excess = .init(needed: needed, allowed: budget, node: node)
    }
    if let excess { throw excess }
    return minima
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
      let outer = layout.counts[..<level].reduce(1, *)
      // What is kept costs nothing to take apart: few times of many variables are shared out by variable.
      if kept.contains(output.node), outer * layout.counts[level] < threads,
        layout.counts[(level + 1)...].contains(where: { $0 > 1 })
      {
        continue
      }
      guard let least = fits(1) else { continue }
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
    let cut = OutputLayout.Cut.smallest
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
    let target = min(budget / inFlight, 256 << 20)
    if graph.computation(NodeID(node))?.isWhole != true {
      var best: ([Region], Cost)?
      for allowed in [target, budget] {
        for shape in shapes(whole, { fits(node, $0, kept, allowed) }) {
          let tiles = shape.tiles(of: whole)
          let cost = cost(node, tiles, kept)
          if cost.peak <= allowed, cost.fileBytes < best?.1.fileBytes ?? .max { best = (tiles, cost) }
        }
        if let best { return best }
      }
    }
    let smallest = smallestTiles(of: node)
    let cost = cost(node, smallest, kept)
    guard cost.peak <= budget else {
      throw .init(needed: cost.peak + self.budget - budget, allowed: self.budget, node: node)
    }
    return (smallest, cost)
  }

  /// As small as a node lets itself be cut.
  private func smallestTiles(of node: Int) -> [Region] {
    let whole = graph.description(NodeID(node)).whole
    if graph.computation(NodeID(node))?.isWhole == true { return [whole] }
    return TileShape(whole, variables: 1, times: 1, layers: 1, rows: 1).tiles(of: whole)
  }

  private func fits(_ node: Int, _ tile: Region, _ kept: Set<Int>, _ allowed: Int) -> Bool {
    Trace(graph, kept: kept, windowLimit: windowLimit, Request(node: node, region: tile), asComputed: true)
      .peak <= allowed
  }

  private func cost(_ node: Int, _ tiles: [Region], _ kept: Set<Int>) -> Cost {
    let samples = sample(tiles.count)
    var cost = Cost()
    // It holds its memory only while it runs, as a task.
    let reading = graph.computation(NodeID(node)) as? any ReadingComputation
    for index in samples {
      let trace = Trace(
        graph, kept: kept, windowLimit: windowLimit, Request(node: node, region: tiles[index]),
        asComputed: true)
      cost.peak = max(cost.peak, trace.peak + (reading?.sharedBytes(threads: threads) ?? 0))
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
