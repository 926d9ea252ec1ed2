"""A trained model as one step that other runtimes carry out: TensorFlow's, LiteRT, ONNX Runtime, a browser."""
