%% @private Names of continua. The shared library keeps for each name the continuum that has it, the one before, its
%% source, and the time since when it has the name.
-module(ketama_name).

-export([start/2, put/3, info/1, find/1]).

%% @doc Makes a continuum and gives it the name that the options have.
-spec start(ketama:source(), ketama:options() | string() | binary()) -> ignore | {error, ketama:reason()}.
start(Source, Options) ->
    ketama_source:with_nif(fun() ->
        {Name, RingOptions} = ketama_options:start_link(Options),
        case ketama_source:new(Source, RingOptions) of
            {ok, Continuum} ->
                ok = put(Name, Continuum, ketama_source:origin(Source)),
                %% To the VM the reference is a few words, though it may hold many megabytes: it must not wait for
                %% this process to collect its garbage by itself.
                true = erlang:garbage_collect(self(), [{type, minor}]),
                ignore;
            {error, Reason} ->
                {error, Reason}
        end
    end).

%% @doc Gives the name to a continuum, in place of the one that has it.
-spec put(ketama:name(), ketama:continuum(), Origin :: term()) -> ok.
put(Name, Continuum, Origin) ->
    ketama_nif:put(Name, Continuum, term_to_binary(Origin), erlang:system_time()).

%% @doc As {@link ketama:info/1} of a name.
-spec info(ketama:name()) -> #{source := term(), since := integer(), _ => _}.
info(Name) ->
    {Continuum, Origin, Since} = ketama_nif:history(Name),
    Info = ketama_nif:info(Continuum),
    Info#{source => binary_to_term(Origin), since => Since}.

%% @doc Returns the continuum that has the name, if there is one.
-spec find(ketama:name()) -> ketama:continuum() | undefined.
find(Name) ->
    try
        ketama_nif:continuum(Name)
    catch
        error:{not_started, Name} -> undefined
    end.
