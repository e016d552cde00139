import Basics
import Compute
import Networks
import ONNX

/// What a training begins with: the network that is declared or that another model has, and its numbers.
struct TrainingStart {
  let definition: any NetworkDefinition
  let declaration: NetworkSpec?
  private let path: String?
  /// Patterns of parameters that begin anew.
  private let renewed: [String]

  /// - Returns: nil, with faults of `decoding`, when the declaration is wrong.
  /// - Throws: `PlanError` when there is no network, or the file to start from cannot be read.
  init?(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    path = arguments.path("from")
    renewed = arguments.list("renew")?.compactMap(\.text) ?? []
    if path == nil, let renew = arguments.value("renew") {
      throw PlanError(
        "`renew` is for numbers that come `from` a file", at: renew.mark, remedy: "leave it out")
    }
    if let value = arguments.value("network") {
      guard let layer = decoding.layer(value) else { return nil }
      let spec = NetworkSpec(layer)
      (definition, declaration) = (spec, spec)
      return
    }
    guard let path, !ModelWeights.isTensors(path) else {
      throw PlanError(
        "`network` is missing", at: arguments.mark, remedy: "declare one, or name a model file as `from`")
    }
    do throws(ModelError) {
      let stored = try ModelFile.open(path)
      declaration = stored.metadata.declaration
      definition = declaration ?? stored.network
    } catch {
      throw Self.fault(error, path, arguments)
    }
  }

  private static func fault(_ error: ModelError, _ path: String, _ arguments: Arguments) -> PlanError {
    PlanError(
      "\(path): \(error.subject.map { "\($0): " } ?? "")\(error.sentence)", at: arguments.mark("from"),
      remedy: error.remedy)
  }

  /// An error of the numbers to start from, at the key that names their file.
  func fault(_ error: ModelError, _ arguments: Arguments) -> PlanError {
    Self.fault(error, path ?? "", arguments)
  }

  /// The numbers to start from, for the network of a plan; nil: new ones.
  /// - Throws: `ModelError` naming the file and the parameter that does not fit.
  func parameters(_ plan: TrainingPlan) throws(ModelError) -> Parameters? {
    guard let path else { return nil }
    let given = try ModelWeights.read(path, input: plan.inputShape.extents)
    guard !renewed.isEmpty else { return try plan.checked(given) }
    let result: Parameters
    do { result = try plan.network.initialParameters(seed: plan.options.seed) } catch {
      throw ModelError(.mismatch, error.description)
    }
    for entry in plan.layout.entries
    where !renewed.contains(where: { matches(entry.name, pattern: $0) }) {
      guard let old = given[entry.name], let new = result[entry.name], old.shape == new.shape else {
        throw ModelError(
          .mismatch, subject: entry.name, "the numbers in the model to start from",
          expected: "\(entry.shape)",
          found: given[entry.name].map { "\($0.shape)" } ?? "nothing",
          remedy: "name it in `renew`, so that it begins anew")
      }
      for index in 0..<new.count { new[index] = old[index] }
    }
    return result
  }
}
