import Basics
import Compute
import Networks
import Tensors

/// A model made ready for inputs of one shape, to be applied to numbers. What is known before the run is exact; the rest
/// is computed in float32.
public struct OnnxRun: Sendable {
  private let graph: OnnxGraph
  private let threads: Int
  /// nil when all outputs are known.
  private let plan: ProgramPlan?
  private let known: [String: [Double]]

  /// - Parameters:
  ///   - memory: bytes that the run may take.
  ///   - layouts: nil computes with the plain kernels.
  /// - Throws: `ModelError` when the memory is not enough or the graph cannot be run.
  public init(_ graph: OnnxGraph, threads: Int, memory: Int, layouts: LayoutOptions? = nil)
    throws(ModelError)
  {
    (self.graph, self.threads) = (graph, threads)
    var known: [String: [Double]] = [:]
    var goals = Goals(outputs: [])
    for port in graph.outputs {
      if case .constant(let numbers) = graph.graph.origin(port.value) {
        known[port.name] = numbers
      } else {
        goals.outputs.append((port.name, port.value))
      }
    }
    self.known = known
    guard !goals.outputs.isEmpty else {
      plan = nil
      return
    }
    let plan: ProgramPlan
    do {
      let optimised = try optimised(graph.graph, goals, layouts: layouts)
      plan = try ProgramPlan(optimised.graph, optimised.goals, prepares: true, threads: threads)
    } catch {
      throw ModelError(.unsupported, path: graph.path, "it cannot be run: \(error)")
    }
    let numbers = graph.graph.parameters.reduce(0.0) { $0 + 4 * Double($1.shape.count) }
    let bytes =
      Double(plan.bytes) + numbers + graph.inputs.reduce(0.0) { $0 + 12 * Double(graph.shape($1).count) }
    guard bytes <= Double(memory) else {
      throw ModelError(
        .unsupported, path: graph.path, "the memory for these inputs", expected: "at most \(memory) bytes",
        found: "\(Int(min(bytes, 1e18)))", remedy: "give more with --memory, or smaller inputs")
    }
    self.plan = plan
  }

  /// The numbers of the outputs by name, for numbers of the inputs. Whole numbers come back as whole numbers, truths as 0
  /// and 1.
  /// - Throws: `ModelError` when an input is missing, has another count, or cannot be float32 exactly.
  public func run(_ inputs: [String: [Double]]) throws(ModelError) -> [String: [Double]] {
    guard let plan else { return known }
    var tensors: [String: Operand<Float>] = [:]
    defer { for (_, tensor) in tensors { unsafe tensor.values.baseAddress?.deallocate() } }
    for port in graph.inputs {
      let shape = graph.shape(port)
      let title = "input `\(printable(port.name, limit: 100))`"
      guard let numbers = inputs[port.name], numbers.count == shape.count else {
        throw ModelError(
          .mismatch, path: graph.path, subject: title, "its numbers", expected: "\(shape.count)",
          found: "\(inputs[port.name]?.count ?? 0)")
      }
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, shape.count))
      unsafe buffer.initialize(repeating: 0)
      tensors[port.name] = unsafe Operand(
        shape, UnsafeMutableBufferPointer(rebasing: buffer[..<shape.count]))
      for (index, number) in numbers.enumerated() {
        unsafe buffer[index] = Float(number)
        guard port.type.isFloat || Double(Float(number)) == number else {
          throw ModelError(
            .unsupported, path: graph.path, subject: title,
            "\(number) is not exact in float32, in which models are computed")
        }
      }
    }
    do {
      let program = try Program(plan, team: ThreadTeam(threads: threads))
      let parameters = try graph.parameters()
      try program.prepare(parameters, releasing: true)
      return try program.run(tensors, parameters: parameters) { outputs in
        var results = known
        for port in graph.outputs {
          guard let output = outputs[port.name] else { continue }
          results[port.name] = (0..<output.count).map { index in
            let number = Double(output[index])
            return port.type.isFloat ? number : port.type == .bool ? (number == 0 ? 0 : 1) : number.rounded()
          }
        }
        return results
      }
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(.unsupported, path: graph.path, "it cannot be run: \(error)")
    }
  }
}
