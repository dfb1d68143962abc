"""The encoder of quality: trained with torch, exported to ONNX, applied with onnxruntime alone."""
