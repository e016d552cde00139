import Stages

/// When kept results and networks are in memory. The steps are: each kept result is made, in the order of the nodes,
/// then each output is written; one after the other.
struct Timeline {
  /// The kept results, in the order in which they are made.
  let made: [Int]
  /// Kept results by node: from the step that makes them to the last that reads them.
  private(set) var results: [Int: ClosedRange<Int>] = [:]
  /// Networks that are applied, by node: from the first step that does it to the last.
  private(set) var networks: [Int: ClosedRange<Int>] = [:]
  /// For each step the bytes of all networks that are in memory.
  private(set) var networkBytes: [Int]

  /// - Parameter networks: the bytes that nodes hold while they are applied.
  init(_ graph: ComputationGraph, kept: Set<Int>, outputs: [Int], networks bytes: [Int: Int]) {
    made = kept.sorted()
    let roots = made + outputs
    networkBytes = [Int](repeating: 0, count: roots.count)
    func extend(_ ranges: inout [Int: ClosedRange<Int>], _ node: Int, to step: Int) {
      ranges[node] = (ranges[node]?.lowerBound ?? step)...step
    }
    for (step, root) in roots.enumerated() {
      let isMade = step < made.count
      var seen: Set<Int> = [root]
      var stack = [root]
      while let node = stack.popLast() {
        let isComputed = !kept.contains(node) || (isMade && node == root)
        if kept.contains(node) { extend(&results, node, to: step) }
        guard isComputed else { continue }
        if bytes[node] != nil { extend(&networks, node, to: step) }
        for input in graph.nodes[node].inputs where seen.insert(input.index).inserted {
          stack.append(input.index)
        }
      }
    }
    for (node, steps) in networks { for step in steps { networkBytes[step] += bytes[node] ?? 0 } }
  }
}
