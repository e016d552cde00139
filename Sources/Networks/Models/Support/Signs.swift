import Basics
import Compute
import Tensors

/// 1 or -1, each as often.
struct Signs: Initialiser {
  static let declaration = Declaration(name: "signs", summary: "1 or -1", keys: [])
  init() {}
  init(_ arguments: Arguments) throws(PlanError) {}
  var keys: [(String, ConfigValue)] { [] }

  func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    for index in 0..<parameter.count { parameter[index] = stream.nextDouble() < 0.5 ? -1 : 1 }
  }
}
