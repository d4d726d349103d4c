%% A NIF that does nothing, to measure what calling one costs.
-module(empty_nif).

-export([load/1, call/2]).

-nifs([call/2]).

load(Library) ->
    erlang:load_nif(Library, 0).

call(_Continuum, _Key) ->
    erlang:nif_error(not_loaded).
