import Grids
import Stages

/// A part of a node's result.
struct Request: Hashable, Sendable {
  let node: Int
  let region: Region
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

  private let graph: ComputationGraph
  private let kept: Set<Int>
  private var remaining: [Request: Int] = [:]
  private var live = 0

  init(_ graph: ComputationGraph, kept: Set<Int>, _ request: Request, asComputed: Bool = false) {
    (self.graph, self.kept) = (graph, kept)
    count(request, isRoot: asComputed)
    evaluate(request, isRoot: asComputed)
  }

  private func computation(_ request: Request, isRoot: Bool) -> (any Computation)? {
    if kept.contains(request.node), !isRoot { return nil }
    if case .computation(let computation) = graph.nodes[request.node].content { return computation }
    return nil
  }

  private mutating func count(_ request: Request, isRoot: Bool = false) {
    uses[request, default: 0] += 1
    guard uses[request] == 1, let computation = computation(request, isRoot: isRoot) else { return }
    let inputs = graph.nodes[request.node].inputs
    for step in computation.steps(for: request.region) {
      for need in step { count(Request(node: inputs[need.input].index, region: need.region)) }
    }
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
    } else {
      take(bytes)
      if case .source(let source) = graph.nodes[request.node].content, !kept.contains(request.node) {
        let scratch = source.scratchBytes(for: request.region)
        take(scratch)
        live -= scratch
        fileBytes += source.fileBytes(for: request.region)
      }
    }
    if let all = uses[request], all > 1 {
      remaining[request] = all - 1
      take(bytes)
    }
  }
}
