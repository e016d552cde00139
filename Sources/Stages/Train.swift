import Basics
import Compute
import Grids
import Networks

/// Trains a network.
public struct Train: Stage {
  public static let declaration = StageDeclaration(
    name: "train", summary: "trains a network and writes the model file",
    discussion: """
      The network learns `target` from the variables of `input` (each with all its levels; `stack` joins streams), \
      or with `residual` the difference of the target from a first estimate. The input may lie on a coarser grid than the \
      target, whose cells are blocks of the target's: a network that refines it by that factor learns that. A network \
      that does not pad (`padding: valid`) is compared with the middle of the target; one that gives one answer for the \
      whole patch (a classifier that ends in dense layers) with the target's cell in row rows/2, column columns/2. It sees patches at random places of \
      the area and the times that are trained on. Everything random is a function of `seed` and the number of the \
      step: the same pipeline gives the same model, for any number of threads, and `run --resume` goes on from \
      MODEL.state to the same bits; a state for another number of steps is refused, since schedules depend on it: to \
      train on, name the finished model in `from` (its numbers are the start; moments and schedule begin anew). \
      Without `network` that goes on with the model's network, of a file of another program with its graph, in which \
      batch normalisations keep their statistics. The model file is ONNX: graph, numbers, and in its metadata everything \
      that it takes to apply it. Means and deviations are those of what is trained on. A loss that is not finite \
      ends the run, and no model is written. The result of the stage is the history: training_loss, \
      validation_loss, learning_rate at each check point; `predict` takes the stage's name for the model. With \
      `adversarial` (a conditional GAN: Isola et al. 2017) a discriminator sees the network's input beside the target \
      or the network's output (with `residual` the difference, as the network learns it), with zeros where the target \
      is missing; in each step it is trained first, then the network by `loss` plus `weight` times its judgement. What is \
      random in one answer comes from a layer `noise` or from dropout, and `members` of `predict` draws such answers. \
      discriminator_loss and adversarial_loss (without the weight) stand in the history then; the state has the \
      discriminator, the model has not.
      """,
    hasEffect: true,
    keys: [
      Key("input", .stream, "the features: on the target's grid, or on blocks of its cells"),
      Key("target", .stream, required: true, "what is to be predicted"),
      Key("residual", .stream, "a first estimate: the network learns the target less this field"),
      Key(
        "network", .other("a network: a name, a name with keys, or a list of layers"),
        default: "that of `from`",
        "e.g. `unet`, `{unet: {base: 16}}` or a list of layers"),
      Key(
        "normalise",
        .either([
          .choice(["standard", "none"]),
          .dictionary(.either([.choice(["standard", "none"]), .mapping(Normalisation.keys)])),
        ]), default: "standard",
        "how variables become the network's numbers; for all, or variable by variable"),
      Key("loss", .other("a loss: a name, or a name with keys"), default: "mse", "what is made small"),
      Key("optimiser", .other("an optimiser: a name, or a name with keys"), default: "adam", "how"),
      Key("rate", .number, default: "the optimiser's", "learning rate"),
      Key("schedule", .other("a schedule: a name, or a name with keys"), default: "constant", "of the rate"),
      Key("clip", .mapping(Clipping.keys), "bounds of the gradients"),
      Key("weight-decay", .number, default: "the optimiser's", "weight decay"),
      Key("layer-rates", .dictionary(.number), "path pattern: what its rate is multiplied with"),
      Key("freeze", .list(.text), "patterns of parameters that stay as they are"),
      Key(
        "renew", .list(.text),
        "patterns of parameters that begin anew, with `from`: a new head, of other channels if need be"),
      Key(
        "adversarial", .mapping(Adversarial.keys),
        "trains against a discriminator, which learns to tell the network's output from the target"),
      Key("batch", .integer, default: "8", "patches a step"),
      Key("steps", .integer, "how many steps; or"),
      Key("epochs", .integer, "how often each time is seen as many patches as cover the area"),
      Key(
        "patch", .either([.integer, .list(.integer)]), default: "64, or the whole grid when it is smaller",
        "cells of `input`, or [rows, columns]"),
      Key(
        "align", .either([.integer, .list(.integer)]), default: "1",
        "patches begin at multiples of so many cells of `input`, or [rows, columns]: what they hold of coarse cells is "
          + "whole then, as a network that averages over them (constrain, deep-sd, `auxiliary`) wants"),
      Key(
        "augment", .list(.choice(["flip", "rotate", "shift"])),
        "flip along each axis, rotate by quarters, shift around a global grid"),
      Key("vectors", .list(.list(.text)), "pairs [u, v] of variables that turn with the field"),
      Key("area", .mapping(PartOfField.keys), default: "the whole grid", "what is trained on"),
      Key("times", .mapping(TrainingSetup.timeKeys), default: "all", "what is trained on"),
      Key(
        "validation",
        .mapping([
          Key("area", .mapping(PartOfField.keys), default: "that of the training", "where"),
          Key("times", .mapping(TrainingSetup.timeKeys), default: "those of the training", "when"),
          Key("every", .integer, default: "an epoch, at most 20 times", "steps"),
          Key("patience", .integer, "validations without gain after which training ends"),
          Key("samples", .integer, default: "256", "patches at most, evenly chosen"),
        ]), "what the loss is measured on; must not overlap what is trained on"),
      Key(
        "keep", .choice(["best", "last"]),
        default: "best with validation, else last; last with `adversarial`",
        "which numbers"),
      Key("seed", .integer, default: "0", "of everything random"),
      Key(
        "checkpoint", .mapping([Key("every", .integer, required: true, "steps")]),
        "how often the state is saved"),
      Key("latitude-weights", .boolean, default: "false", "cells count by the cosine of their latitude"),
      Key("from", .text, "a file whose numbers are the start: a model, or safetensors with PyTorch's names"),
      Key("model", .text, required: true, "the model file that is made: ONNX"),
      Key(
        "normalisation", .choice(ModelMetadata.Normalisation.allCases.map(\.rawValue)), default: "metadata",
        "where values become the network's numbers: beside the graph, or in it (physical values go in and come out)"
      ),
    ])

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) { self.arguments = arguments }

  public var files: [String] { arguments.path("from").map { [$0] } ?? [] }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (features, target) = (try inputs.stream("input"), try inputs.stream("target"))
    let setup = try TrainingSetup(arguments, features: features, target: target, residual: inputs["residual"])
    let nodes = ([features, target] + (inputs["residual"].map { [$0] } ?? [])).map { graph.held($0.node) }
    let key = ModelSource.digestKey(NodeID(graph.nodes.count))
    return graph.add(Trained(setup: setup, digestKey: key), inputs: nodes)
  }
}
