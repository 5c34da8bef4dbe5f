"""Which stretches of a video are moments: ``candidates`` come from every kind of evidence, ``highlights`` chooses among them,
``boundaries`` says where each begins and ends. Pure: values in, values out."""
