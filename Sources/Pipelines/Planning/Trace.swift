import Grids
import Stages

/// A part of a node's result.
struct Request: Hashable, Sendable {
  let node: Int
  var region: Region
}

/// What the evaluation of one region will do, found without data: the executor follows exactly the same
/// recursion, so memory is known before it is taken.
struct Trace {
  /// How often each part is asked for; parts asked for more than once are kept until the last.
  private(set) var uses: [Request: Int] = [:]
  /// Bytes in memory at the worst moment, the result included.
  private(set) var peak = 0
  private(set) var fileBytes = 0
  private(set) var operations = 0.0
  /// Nodes that are computed, by the memory of their own step.
  private(set) var workingSets: [Int: Int] = [:]

  /// Stretches of a source's times that are stored together and asked for piece by piece: read once.
  private(set) var windows: Set<Request> = []

  private let graph: ComputationGraph
  private let kept: Set<Int>
  private let windowLimit: Int
  private var pieces: [Request: Int] = [:]
  private var current: [Int: Request] = [:]
  private var remaining: [Request: Int] = [:]
  private var live = 0

  /// - Parameters:
  ///   - windowLimit: how many bytes of a source may be held to be asked for piece by piece.
  ///   - asComputed: the node is a kept one that is being made.
  init(
    _ graph: ComputationGraph, kept: Set<Int>, windowLimit: Int, _ request: Request, asComputed: Bool = false
  ) {
    (self.graph, self.kept, self.windowLimit) = (graph, kept, windowLimit)
    count(request, isRoot: asComputed)
    windows = Set(pieces.filter { $0.value > 1 }.keys)
    pieces = [:]
    evaluate(request, isRoot: asComputed)
  }

  private func computation(_ request: Request, isRoot: Bool) -> (any Computation)? {
    if kept.contains(request.node), !isRoot { return nil }
    if case .computation(let computation) = graph.nodes[request.node].content { return computation }
    return nil
  }

  private mutating func count(_ request: Request, isRoot: Bool = false) {
    uses[request, default: 0] += 1
    guard uses[request] == 1 else { return }
    guard let computation = computation(request, isRoot: isRoot) else {
      if let window = Self.window(request, graph, kept), Block.bytes(window.region) <= windowLimit {
        pieces[window, default: 0] += 1
      }
      return
    }
    let inputs = graph.nodes[request.node].inputs
    for step in computation.steps(for: request.region) {
      for need in step { count(Request(node: inputs[need.input].index, region: need.region)) }
    }
  }

  /// The stretch of stored-together times in which a part of a source lies; nil when nothing is gained.
  static func window(_ request: Request, _ graph: ComputationGraph, _ kept: Set<Int>) -> Request? {
    guard case .source(let source) = graph.nodes[request.node].content, !kept.contains(request.node) else {
      return nil
    }
    let (grain, count) = (source.grain.times, source.output.timeCount)
    guard grain > 1, request.region.times.count < min(grain, count) else { return nil }
    let first = request.region.times.lowerBound / grain * grain
    let end = min(count, (request.region.times.upperBound + grain - 1) / grain * grain)
    guard end - first <= grain else { return nil }
    var window = request
    window.region.times = first..<end
    return window
  }

  private mutating func take(_ bytes: Int) {
    live += bytes
    peak = max(peak, live)
  }

  private mutating func evaluate(_ request: Request, isRoot: Bool = false) {
    let bytes = Block.bytes(request.region)
    if let left = remaining[request] {
      if left > 1 {
        remaining[request] = left - 1
        take(bytes)
      } else {
        remaining[request] = nil
      }
      return
    }
    if let computation = computation(request, isRoot: isRoot) {
      operations += computation.operations(for: request.region)
      let inputs = graph.nodes[request.node].inputs
      let steps = computation.steps(for: request.region)
      let scratch = computation.scratchBytes(for: request.region)
      let isInPlace = computation is any PointwiseComputation
      let own = isInPlace ? scratch : scratch + bytes
      var working = own
      if steps.count != 1 { take(own) }
      for step in steps {
        var held = 0
        for need in step {
          evaluate(Request(node: inputs[need.input].index, region: need.region))
          held += Block.bytes(need.region)
        }
        working = max(working, own + held)
        if steps.count == 1 { take(own) }
        live -= isInPlace ? held - bytes : held
      }
      live -= scratch
      workingSets[request.node] = max(workingSets[request.node] ?? 0, working)
    } else if let window = Self.window(request, graph, kept), windows.contains(window) {
      if current[request.node] != window {
        if let old = current[request.node] { live -= Block.bytes(old.region) }
        current[request.node] = window
        read(window)
      }
      take(bytes)
    } else {
      read(request)
    }
    if let all = uses[request], all > 1 {
      remaining[request] = all - 1
      take(bytes)
    }
  }

  private mutating func read(_ request: Request) {
    take(Block.bytes(request.region))
    guard case .source(let source) = graph.nodes[request.node].content, !kept.contains(request.node) else {
      return
    }
    let scratch = source.scratchBytes(for: request.region)
    take(scratch)
    live -= scratch
    fileBytes += source.fileBytes(for: request.region)
  }
}
